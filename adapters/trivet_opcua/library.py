"""The client library's own log, which would tell of one dead link in a traceback a second."""

import logging


def hush() -> None:
    """Turns the library's log off, unless somebody has set its level; what matters is reported as gaps."""
    log = logging.getLogger("asyncua")
    if log.level == logging.NOTSET:
        log.setLevel(logging.CRITICAL + 1)
