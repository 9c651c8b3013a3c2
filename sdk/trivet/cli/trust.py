"""``trivet trust add|update|list|remove|policy|revoke``: whose packages may run here, and which may not any more."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from trivet.cli import revocations
from trivet.cli.options import add_home

if TYPE_CHECKING:
    from pathlib import Path

    from trivet.package.store import Entry

ACTIONS = ("add", "update", "remove", "list", "policy", "revoke")


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument(
        "what",
        nargs="?",
        help="add: file of a public key, a root certificate, a revocation list or a list of revocations; "
        "update: folder with lists, such as a stick; remove: an id or its beginning, `policy` or `clock`; "
        "policy: the file to use from now on; revoke: the list to begin or to extend",
    )
    parser.add_argument(
        "--for",
        dest="purpose",
        choices=("sign", "timestamp", "development"),
        default="sign",
        help="add: what the key or root is for; a developer's packages run only with --allow-development",
    )
    revocations.configure(parser)
    add_home(parser)


def main(arguments: Namespace) -> int:
    """Changes or lists the trust store, or makes a list; 1 when a stick brought something that was refused."""
    from trivet.errors import PolicyError
    from trivet.package import store, trust

    home = trust.home_folder(arguments.home)
    if arguments.action != "list" and not arguments.what:
        raise PolicyError(
            "nothing was named", hint=f"`trivet trust {arguments.action} FILE`, or see --help", rule="TRV-P101"
        )
    if arguments.action == "revoke":
        return revocations.revoke(arguments)
    if arguments.action == "update":
        return _update(home, arguments.what)
    if arguments.action == "add":
        found = store.add(home, arguments.what, arguments.purpose)
        print(f"{text(found)}: {'kept' if found.kind == 'revocations' else 'trusted'} now")
    elif arguments.action == "policy":
        print(f"{text(store.set_policy(home, arguments.what))}: in force now")
    elif arguments.action == "remove":
        print(f"{text(store.remove(home, arguments.what))}: trusted no longer")
    else:
        rows = store.entries(home)
        print("\n".join(map(text, rows)) or f"nobody is trusted in {home}; `trivet trust add KEY.pub` admits a signer")
    return 0


def _update(home: Path, folder: str) -> int:
    from pathlib import Path

    from trivet.package.intake import take_folder

    found = take_folder(home, Path(folder))
    for one in found:
        print(f"kept     {text(one.entry)}" if one.entry else f"refused  {one.refusal}")
    if not found:
        print(f"{folder} holds no list (*.revoked.json, *.crl)")
    return 1 if any(one.refusal for one in found) else 0


def text(entry: Entry) -> str:
    """One entry in one line."""
    development = ", development" if entry.development else ""
    return f"{entry.id}  {entry.kind}, {entry.text}{development}"
