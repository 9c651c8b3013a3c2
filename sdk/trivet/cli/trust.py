"""``trivet trust add|list|remove``: whose packages may run here."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_home


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("action", choices=("add", "remove", "list"))
    parser.add_argument("key", nargs="?", help="add: a public key's file; remove: a key id, or its beginning")
    add_home(parser)


def main(arguments: Namespace) -> int:
    """Changes or lists the trust store."""
    from trivet.errors import PolicyError
    from trivet.package import trust

    home = trust.home_folder(arguments.home)
    if arguments.action != "list" and not arguments.key:
        raise PolicyError("no key was named", hint=f"`trivet trust {arguments.action} KEY`")
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
