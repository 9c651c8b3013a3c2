"""Arguments to calls to text; no logic.

A verb is a module of this package with ``configure(parser)`` and
``main(arguments) -> exit code``; only the verb that was asked for is imported.
Exit codes: 0 good, 1 the verdict is negative, 2 could not be done or undecided.
"""

from __future__ import annotations

import os
import sys

VERBS = {
    "demo": "a simulated kitchen on loopback, judged live",
    "run": "verify a package and judge devices with it",
    "plan": "advise a kitchen when to switch off, set back, hold or preheat",
    "connect": "find out what answers at a URL and propose device documents",
    "read": "show every signal of a device: value, unit, age, status",
    "doctor": "look at a device, an endpoint or a profile and say what is wrong",
    "record": "keep everything that a device's endpoints say, to replay it later",
    "note": "note what turned out to be true: a fault, a repair, a part, a cleaning",
    "simulate": "serve a simulated plant over OPC UA and Modbus",
    "pack": "make a package",
    "unpack": "write a package's members and signatures to a folder",
    "sign": "sign a package",
    "trust": "say whose packages may run here",
    "verify": "check a package's digests, signature and signer",
    "trace": "walk from a line of a log back to package, signer and training data",
    "inspect": "show what a package promises",
    "diagnose": "tell from a report which data to collect next",
    "bench": "measure the latency of a package here and compare it with its budget",
    "lint": "check documents, by themselves and against each other",
    "check": "lint, changes, packages and golden frames of a folder, one verdict",
    "breaking": "tell what a change breaks for firmware, wire, data and model",
    "export": "write an interface or a package in the forms that other tools speak",
    "import": "draft a document out of a model, a recording or a register list",
    "validate": "check recorded data against an interface",
    "explain": "print cause and remedy of a rule",
}

WIDTH = 100
"""Of help texts [columns]."""


def main(argv: list[str] | None = None) -> int:
    """Runs one verb.

    Args:
        argv: Arguments without the programme's name; None takes the process's.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        print(usage())
        return 0 if words else 2
    if words[0] == "--version":
        from trivet import __version__

        print(f"trivet {__version__}")
        return 0
    if words[0] not in VERBS:
        print(f"trivet: no verb {words[0]!r}; `trivet --help` lists them", file=sys.stderr)
        return 2
    return _verb(words[0], words[1:])


def usage() -> str:
    """The help text of the programme."""
    rows = "\n".join(f"  {name:<10}{text}" for name, text in VERBS.items())
    return f"usage: trivet VERB ...\n\n{rows}\n\n`trivet VERB --help` says more."


def _verb(name: str, words: list[str]) -> int:
    import argparse
    import importlib

    from trivet.errors import TrivetError

    # Python keeps the word `import` for itself.
    module = importlib.import_module(f"trivet.cli.{'import_' if name == 'import' else name}")

    def formatter(prog: str) -> argparse.HelpFormatter:
        # Without a width argparse asks shutil, which takes longer to import than a verb to begin.
        return argparse.HelpFormatter(prog, width=WIDTH)

    description = VERBS[name].capitalize() + "."
    parser = argparse.ArgumentParser(prog=f"trivet {name}", description=description, formatter_class=formatter)
    module.configure(parser)
    arguments, rest = parser.parse_known_args(words)
    if rest:
        # Files on both sides of an option; only then, since it draws up a usage text, which costs milliseconds.
        arguments = parser.parse_intermixed_args(words)
    if getattr(arguments, "home", None):
        os.environ["TRIVET_HOME"] = os.path.abspath(arguments.home)  # noqa: PTH100  # pathlib would slow the start
    try:
        return int(module.main(arguments))
    except TrivetError as error:
        from trivet.cli.options import told

        print(f"trivet {name}: {told(error, arguments)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 2
    except KeyboardInterrupt:
        return 2
