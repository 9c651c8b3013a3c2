"""``trivet trust add|list|remove``: whose packages may run here."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_home


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    verbs = parser.add_subparsers(dest="action", required=True)
    adding = verbs.add_parser("add", help="trust a public key")
    adding.add_argument("key", metavar="KEY.pub")
    removing = verbs.add_parser("remove", help="trust a key no longer")
    removing.add_argument("key", metavar="KEY", help="key id, or its beginning")
    listing = verbs.add_parser("list", help="list the trusted keys")
    for action in (adding, removing, listing):
        add_home(action)


def main(arguments: Namespace) -> int:
    """Changes or lists the trust store."""
    from trivet.package import trust

    home = trust.home_folder(arguments.home)
    if arguments.action == "add":
        key = trust.add(home, arguments.key)
        print(f"trusted now: {key.name} ({key.algorithm}), key id {key.id}")
    elif arguments.action == "remove":
        key = trust.remove(home, arguments.key)
        print(f"trusted no longer: {key.name}")
    else:
        keys = trust.trusted_keys(home)
        for key in keys:
            print(f"{key.id}  {key.algorithm}")
        if not keys:
            print(f"nobody is trusted in {home}; `trivet trust add KEY.pub` admits a signer")
    return 0
