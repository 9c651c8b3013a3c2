"""``trivet verify PACKAGE...``, or a log: digests, signature, signer; needs neither numpy nor onnxruntime."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from trivet.cli.options import add_format, add_language, add_trust, told

if TYPE_CHECKING:
    from trivet.errors import Finding, PackageError
    from trivet.package.admit import Verified
    from trivet.package.sign import Signer
    from trivet.package.trust import Trust


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", nargs="+", help="a .trivet file; or the files of one log, the oldest first")
    parser.add_argument(
        "--device-class", action="append", default=[], metavar="TYPE", help="appliance type that it is for (policy)"
    )
    parser.add_argument("--log-key", metavar="KEY.pub", help="whose checkpoints a log must have")
    add_trust(parser)
    add_format(parser)
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Prints one verdict a package, or one over a log; 1 when one is refused."""
    from trivet.package.trust import home_name, load_trust

    if not arguments.package[0].endswith(".trivet"):
        from trivet.cli import log

        if log.is_log(arguments.package[0]):
            return log.verify(arguments)
    trust = load_trust(home_name(arguments.home), arguments.trust, arguments.policy)
    findings: list[Finding] = []
    for path in arguments.package:
        # One package at a time is held; what is kept are sentences.
        outcome = _outcome(path, trust, arguments)
        findings += _findings(path, outcome)
        if arguments.format == "text":
            print("\n".join(rows(path, outcome, arguments)))
    if arguments.format != "text":
        print(_report(findings, arguments))
    return 1 if any(finding.severity == "error" for finding in findings) else 0


def _outcome(path: str, trust: Trust, arguments: Namespace) -> Verified | PackageError:
    from trivet.errors import PackageError
    from trivet.package.admit import admit
    from trivet.package.archive import open_package

    terms = {
        "development": arguments.allow_development,
        "classes": tuple(arguments.device_class),
        "rollback": arguments.allow_rollback,
    }
    try:
        return admit(open_package(path), trust, arguments.unsigned, **terms)
    except PackageError as error:
        return error


def _findings(path: str, outcome: Verified | PackageError) -> list[Finding]:
    """A refusal is an error, a signature that does not count a warning."""
    from trivet.errors import Finding, PackageError

    if isinstance(outcome, PackageError):
        return [Finding(outcome.rule, path, outcome.message, outcome.hint)]
    found = [Finding(doubt.rule, path, doubt.message, doubt.hint, "warning") for doubt in outcome.doubts]
    return found + [Finding("TRV-P115", path, text, "bring a newer one", "warning") for text in _expired(outcome)]


def _expired(verified: Verified) -> list[str]:
    return [f"list of revocations {one.id} {one.number} is past its date" for one in verified.lists if not one.expires]


def _report(findings: list[Finding], arguments: Namespace) -> str:
    from trivet.check.formats import FORMATS
    from trivet.check.verdict import Verdict

    return FORMATS[arguments.format](Verdict("verify", findings, arguments.package))


def rows(path: str, outcome: Verified | PackageError, arguments: Namespace) -> list[str]:
    """What is said about a package; what is wrong with it in the reader's language."""
    from trivet.package.admit import Verified

    if not isinstance(outcome, Verified):
        return [f"refused  {path}: {told(outcome, arguments)}"]
    package, verified = outcome.package, outcome
    signer = f"signed by {verified.signer}" if verified.signer else "not signed by anybody trusted"
    found = [
        f"good     {path}: {len(package.members)} members, {signer}",
        f"         package sha256:{package.digest}",
    ]
    found += [f"         signed by {one.name}" for one in verified.signers[1:]]
    found += [f"         {detail}" for one in verified.signers for detail in details(one)]
    found += [f"         does not count: {told(doubt, arguments)}" for doubt in verified.doubts]
    return found + [f"         {text}" for text in _expired(verified)]


def details(signer: Signer) -> list[str]:
    """What is known about a signer beyond the name."""
    found = []
    if signer.certificate:
        chain = " <- ".join(one[:16] for one in signer.certificate.chain)
        found.append(f"certificate of {', '.join([signer.certificate.subject, *signer.certificate.names])}: {chain}")
    if signer.signed_at:
        found.append(f"signed before {signer.signed_at:%Y-%m-%d %H:%M:%S} UTC, says a trusted timestamp")
    if signer.development:
        found.append(f"{signer.name} is a developer: not for production")
    return found
