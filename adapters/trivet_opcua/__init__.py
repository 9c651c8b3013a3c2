"""OPC UA for trivet: companion nodes found by type and path, status codes and source times kept, never a write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

from trivet.device.adapter import Adapter, Clock, Target, Values
from trivet.device.document import Profile
from trivet.errors import AdapterError
from trivet.signals import Item
from trivet_opcua.certificates import check
from trivet_opcua.points import point
from trivet_opcua.settings import SCHEME, settings
from trivet_opcua.troubles import KINDS
from trivet_opcua.values import decode

__all__ = ["adapter"]


def _connect(target: Target, clock: Clock) -> AsyncIterator[Item]:
    chosen = settings(target.endpoint, target.name, target.folder)
    check(chosen, target.name)
    try:
        from trivet_opcua.client import AsyncuaTransport
    except ImportError as error:
        raise _missing(target.name) from error
    from trivet_opcua.link import stream
    from trivet_opcua.session import plan

    return stream(plan(target, chosen), clock, lambda: AsyncuaTransport(chosen))


def _serve(
    profile: Profile, values: Values, bind: str, clock: Clock, faults: Sequence[str] = ()
) -> AbstractAsyncContextManager[str]:
    try:
        from trivet_opcua.server import serve
    except ImportError as error:
        raise _missing(profile.id) from error
    return serve(profile, values, bind, clock, faults=faults)


def _missing(where: str) -> AdapterError:
    return AdapterError("asyncua is not installed", where=where, hint="pip install 'trivet[opcua]'")


adapter = Adapter(
    name="opcua",
    schemes=(SCHEME,),
    point=point,
    connect=_connect,
    decode=decode,
    serve=_serve,
    faults=tuple(sorted(KINDS)),
)
