"""``trivet trust add|list|remove|policy``: whose packages may run here."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from trivet.cli.options import add_home

if TYPE_CHECKING:
    from trivet.package.store import Entry


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("action", choices=("add", "remove", "list", "policy"))
    parser.add_argument(
        "what",
        nargs="?",
        help="add: file of a public key, a root certificate or a revocation list; "
        "remove: an id or its beginning, or `policy`; policy: the file to use from now on",
    )
    parser.add_argument(
        "--for",
        dest="purpose",
        choices=("sign", "timestamp", "development"),
        default="sign",
        help="add: what the key or root is for; a developer's packages run only with --allow-development",
    )
    add_home(parser)


def main(arguments: Namespace) -> int:
    """Changes or lists the trust store."""
    from trivet.errors import PolicyError
    from trivet.package import store, trust

    home = trust.home_folder(arguments.home)
    if arguments.action != "list" and not arguments.what:
        raise PolicyError(
            "nothing was named", hint=f"`trivet trust {arguments.action} FILE`, or see --help", rule="TRV-P101"
        )
    if arguments.action == "add":
        print(f"{text(store.add(home, arguments.what, arguments.purpose))}: trusted now")
    elif arguments.action == "policy":
        print(f"{text(store.set_policy(home, arguments.what))}: in force now")
    elif arguments.action == "remove":
        print(f"{text(store.remove(home, arguments.what))}: trusted no longer")
    else:
        found = store.entries(home)
        print("\n".join(map(text, found)) or f"nobody is trusted in {home}; `trivet trust add KEY.pub` admits a signer")
    return 0


def text(entry: Entry) -> str:
    """One entry in one line."""
    development = ", development" if entry.development else ""
    return f"{entry.id}  {entry.kind}, {entry.text}{development}"
