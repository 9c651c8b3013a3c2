"""OPC UA for trivet: companion nodes found by type and path, status codes and source times kept, never a write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from trivet.device.adapter import Adapter, Clock, Diagnosis, Found, Target, Values
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


async def _identify(url: str, profiles: Mapping[str, Profile]) -> tuple[Found, ...]:
    try:
        from trivet_opcua.identify import identify
    except ImportError as error:
        raise _missing(url) from error
    return await identify(url, profiles)


async def _approve(url: str) -> Diagnosis:
    try:
        from trivet_opcua.approve import approve
    except ImportError as error:
        raise _missing(url) from error
    return await approve(url)


async def _diagnose(target: Target, clock: Clock, seconds: float) -> Diagnosis:
    chosen = settings(target.endpoint, target.name, target.folder)
    check(chosen, target.name)
    try:
        from trivet_opcua.diagnose import diagnose
    except ImportError as error:
        raise _missing(target.name) from error
    return await diagnose(target, chosen, clock, seconds)


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
    identify=_identify,
    approve=_approve,
    diagnose=_diagnose,
    serve=_serve,
    faults=tuple(sorted(KINDS)),
)
