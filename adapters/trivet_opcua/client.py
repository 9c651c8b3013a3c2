"""The client side of asyncua: one session over one socket, used once and never revived.

Only the services are used: asyncua's own supervisor, watchdog and reconnection stay off,
since they report CONNECTED while nothing arrives after a server came back with another
namespace table. Of all services that change something, none is called; of Call, only
ConditionRefresh.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from asyncua import Client, ua
from asyncua.ua.ua_binary import struct_from_binary

from trivet_opcua import answers, requests
from trivet_opcua.batch import Batches
from trivet_opcua.channel import secure
from trivet_opcua.library import hush
from trivet_opcua.loss import Lost, lost
from trivet_opcua.publishing import Acknowledged, Publishing
from trivet_opcua.security import Secured, explained, secret, secured
from trivet_opcua.settings import Settings
from trivet_opcua.transport import Child, Granted, Node, Path, Publication, Unit, Value

T = TypeVar("T")

LARGEST_HISTORY = 100_000
HISTORY_READ = 4
"""The bit of AccessLevel that says that a history can be read (OPC 10000-3, 8.57)."""
HA_CONFIGURATION = (0, "HA Configuration")
ENDED = frozenset({"BadSessionIdInvalid", "BadSessionClosed", "BadSessionNotActivated"})
"""Refusals of one request that are the end of the whole session."""

hush()


class Held(NamedTuple):
    """A session that the server still has, for the next channel to take up."""

    token: Any
    nonce: bytes | None
    policies: list[Any]
    certificate: Any


class AsyncuaTransport:
    """A ``Channel`` over asyncua.

    Attributes:
        settings: Where to, and how secured.
        namespaces: URIs in the order of the server's table.
        started: When the server started [ns, UTC]; 0 when it does not say.
        secured: How the channel is secured; None for not at all.
        held: What the next channel needs to take up this session; set when the session is active.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.namespaces: Sequence[str] = ()
        self.started = 0
        self.secured: Secured | None = None
        self.held: Any = None
        self._opened: Any = None
        self._batches = Batches()
        self._publishing = Publishing(self._publish, settings.timeout)
        self._renew_at = 0.0

    @property
    def heard(self) -> float:
        """When anything came from the server last [s of the loop's time]."""
        return self._publishing.heard

    @property
    def ended(self) -> Lost | None:
        """Why it is of no more use, or None."""
        return self._publishing.ended

    async def open(self, held: Held | None = None) -> None:
        """Connects, opens a session or activates one that is held, reads the namespace table and the limits."""
        self.secured = await secured(self.settings)
        client = self._opened = Client(self.settings.url, timeout=self.settings.timeout)
        client.name = client.description = "trivet"
        client.session_timeout = requests.SESSION_TIMEOUT
        if self.secured is not None:
            await self._answer(secure(client, self.secured))
        await self._answer(client.connect_socket())
        self._watch_socket()
        await self._answer(client.send_hello())
        try:
            await self._log_in(held)
        except Lost as refused:
            raise await explained(refused, self.settings, self.secured) from refused
        await self._look_around()
        self.held = Held(
            client.uaclient.protocol.authentication_token,
            client._server_nonce,  # asyncua offers it to nobody, and without it no session is taken up
            client._policy_ids,
            client.security_policy.peer_certificate,
        )

    @property
    def _client(self) -> Any:
        """The library's client; another device may have found the channel lost while this one was about to ask."""
        if self._opened is None:
            raise self.ended or Lost("reset", "the connection was closed")
        return self._opened

    def fail(self, ended: Lost) -> None:
        """Lets everybody know who waits for a publication."""
        self._publishing.fail(ended)

    async def leave(self) -> None:
        """Drops the channel and keeps the session on the server; never raises."""
        await self._publishing.stop()
        client, self._opened = self._opened, None
        protocol = None if client is None else client.uaclient.protocol
        if protocol is not None and protocol.transport is not None:
            protocol.transport.abort()

    async def close(self, patience: float) -> None:
        """Closes the session and the socket; never raises, and waits for the server no longer than told [s]."""
        if self._opened is None:
            return
        await self._publishing.stop()
        try:
            async with asyncio.timeout(patience):
                await self._ask(ua.CloseSessionRequest(DeleteSubscriptions=True), ua.CloseSessionResponse)
                await self._client.close_secure_channel()
        except Exception as error:  # whatever a dying link raises, the socket must still be closed
            logging.getLogger(__name__).debug("closing: %r", error)
        finally:
            await self.leave()

    def node(self, namespace: int, identifier: str) -> Node:
        """A node id of an identifier such as ``s=Tank`` or ``i=85``."""
        return ua.NodeId.from_string(f"ns={namespace};{identifier}")

    async def children(self, nodes: Sequence[Node]) -> list[list[Child]]:
        """Objects below each node."""
        return await self._browse(nodes, ua.BrowseDirection.Forward, ua.ObjectIds.HierarchicalReferences)

    async def parents(self, nodes: Sequence[Node]) -> list[list[Node]]:
        """Objects above each node."""
        found = await self._browse(nodes, ua.BrowseDirection.Inverse, ua.ObjectIds.HierarchicalReferences)
        return [[reference.node for reference in references] for references in found]

    async def supertypes(self, nodes: Sequence[Node]) -> list[Node | None]:
        """The type that each type derives from."""
        found = await self._browse(nodes, ua.BrowseDirection.Inverse, ua.ObjectIds.HasSubtype)
        return [references[0].node if references else None for references in found]

    async def names(self, nodes: Sequence[Node]) -> list[tuple[int, str] | None]:
        """Browse names."""
        values = await self._attributes(nodes, ua.AttributeIds.BrowseName)
        return [(v.raw.NamespaceIndex, v.raw.Name) if isinstance(v.raw, ua.QualifiedName) else None for v in values]

    async def translate(self, paths: Sequence[tuple[Node, Path]]) -> list[Node | None]:
        """Where each browse path ends."""
        asked = [requests.browse_path(start, path) for start, path in paths]
        found = await self._each("translate", asked, self._client.uaclient.translate_browsepaths_to_nodeids)
        return [requests.target(answer) for answer in found]

    async def read(self, nodes: Sequence[Node]) -> list[Value]:
        """Values of variables, in batches that the server allows."""
        return await self._attributes(nodes, ua.AttributeIds.Value)

    async def poll(self, nodes: Sequence[Node]) -> tuple[list[Value], int]:
        """As ``read``, and what the server's own clock shows [ns, UTC]; 0 when it shows nothing."""
        *values, beat = await self.read([*nodes, requests.BEAT])
        return values, answers.time(beat.raw)

    async def types(self, nodes: Sequence[Node]) -> list[Node | None]:
        """Data types of variables."""
        return [value.raw for value in await self._attributes(nodes, ua.AttributeIds.DataType)]

    async def units(self, nodes: Sequence[Node]) -> list[Unit | None]:
        """Values of EngineeringUnits properties."""
        return [answers.unit(value.raw) for value in await self.read(nodes)]

    async def subscribe(self, nodes: Sequence[Node], sampling: Sequence[float], publishing: float) -> Granted:
        """Monitors nodes, the server's clock and its events."""
        granted = (
            await self._answer(self._ask(requests.subscription(publishing), ua.CreateSubscriptionResponse))
        ).Parameters
        self._publishing.expect(granted.SubscriptionId, len(nodes))
        items = [requests.item(i, node, s, publishing) for i, (node, s) in enumerate(zip(nodes, sampling, strict=True))]
        items += [requests.item(len(nodes), requests.BEAT, publishing, publishing), requests.event_item(len(nodes) + 1)]
        try:
            made = await self._each("monitor", items, lambda batch: self._monitor(granted.SubscriptionId, batch))
        except Lost:
            await self.unsubscribe(granted.SubscriptionId, self.settings.timeout)
            raise
        interval = granted.RevisedPublishingInterval / 1000
        return Granted(
            granted.SubscriptionId,
            interval,
            interval * max(granted.RevisedMaxKeepAliveCount, 1),
            tuple(item.StatusCode.value for item in made[:-2]),
            tuple(item.RevisedSamplingInterval / 1000 for item in made[:-2]),
        )

    async def unsubscribe(self, subscription: int, patience: float) -> None:
        """Ends a subscription; never raises."""
        self.forget(subscription)
        try:
            async with asyncio.timeout(patience):
                await self._ask(requests.end_of(subscription), ua.DeleteSubscriptionsResponse)
        except Exception as error:  # whatever a dying link raises; the subscription ends with its session
            logging.getLogger(__name__).debug("unsubscribing: %r", error)

    def listen(self, subscription: int, beat: int) -> None:
        """Begins to ask for publications, also of this subscription."""
        self._publishing.listen(subscription, beat)

    def forget(self, subscription: int) -> None:
        """Takes nothing of a subscription any more, until it is listened to again."""
        self._publishing.forget(subscription)

    async def republish(self, subscription: int, number: int, beat: int) -> Publication | None:
        """A message once more, or None when the server has it no longer, or not yet."""
        request = ua.RepublishRequest()
        request.Parameters = ua.RepublishParameters(SubscriptionId=subscription, RetransmitSequenceNumber=number)
        try:
            message = (await self._answer(self._ask(request, ua.RepublishResponse))).NotificationMessage
        except Lost as refused:
            if refused.code == "BadMessageNotAvailable":
                return None
            raise
        if not message.NotificationData:
            return None  # so says asyncua's own server
        self._publishing.acknowledge(subscription, number)
        return answers.publication(message, beat, self.namespaces)

    async def refresh(self, subscription: int) -> None:
        """Asks for all pending conditions (ConditionRefresh), where the server has any."""
        try:
            await self._answer(self._client.uaclient.call([requests.condition_refresh(subscription)]))
        except Lost as refused:
            if not refused.final:
                raise  # a server without alarms may have no methods at all, which is no fault

    async def historised(self, nodes: Sequence[Node]) -> list[bool]:
        """Which nodes have a history that can be read: by their access level, or by their HA Configuration."""
        levels = await self._attributes(nodes, ua.AttributeIds.AccessLevel)
        configured = await self.translate([(node, (HA_CONFIGURATION,)) for node in nodes])
        return [
            found is not None or (isinstance(level.raw, int) and bool(level.raw & HISTORY_READ))
            for level, found in zip(levels, configured, strict=True)
        ]

    async def history(self, node: Node, start: int, end: int) -> list[Value] | None:
        """Raw values of a stretch of the server's time [ns, UTC], oldest first; None when it does not give them."""
        found: list[Value] = []
        point: bytes | None = None
        while len(found) < LARGEST_HISTORY:
            request = requests.history(node, start, end, point)
            try:
                (result,) = (await self._answer(self._ask(request, ua.HistoryReadResponse))).Results
            except Lost as refused:
                if refused.final:
                    return None
                raise
            if result.StatusCode.is_bad():
                return None
            found += [answers.value(value) for value in getattr(result.HistoryData, "DataValues", None) or ()]
            point = result.ContinuationPoint
            if not point:
                return found
        return None

    async def publication(self, subscription: int, patience: float) -> Publication:
        """The next answer to Publish about a subscription, within ``patience`` [s of real time]."""
        return await self._publishing.get(subscription, patience)

    async def renew(self) -> None:
        """Renews the secure channel when three quarters of its lifetime are over."""
        if asyncio.get_running_loop().time() >= self._renew_at:
            self._plan_renewal()  # at once, since others ask too
            await self._answer(self._client.open_secure_channel(renew=True))

    # --- connection

    async def _log_in(self, held: Held | None) -> None:
        client = self._client
        await self._answer(client.open_secure_channel())
        self._plan_renewal()
        if held is None:
            await self._answer(client.create_session())
        else:
            self._take_up(held)
        await self._answer(client.activate_session(self.settings.user or None, secret(self.settings)))

    def _watch_socket(self) -> None:
        """Hears of a closed socket at once, beside asyncua itself."""
        protocol = self._client.uaclient.protocol
        before = protocol.on_connection_lost

        def gone(error: Exception | None) -> None:
            if before is not None:
                before(error)
            self.fail(Lost("reset", "the connection was closed"))

        protocol.on_connection_lost = gone

    def _plan_renewal(self) -> None:
        lifetime = self._client.secure_channel_timeout / 1000
        self._renew_at = asyncio.get_running_loop().time() + 0.75 * lifetime

    def _take_up(self, held: Held) -> None:
        """Makes a fresh client and channel speak for a session that another channel made (OPC 10000-4, 6.7)."""
        client = self._client
        client._server_nonce, client._policy_ids = held.nonce, held.policies  # see `held`
        client.security_policy.peer_certificate = held.certificate
        client.uaclient.protocol.authentication_token = held.token

    async def _look_around(self) -> None:
        known = (requests.NAMESPACES, requests.STARTED)
        table, started, *limits = await self.read([*known, *(ua.NodeId(number) for number in requests.LIMITS.values())])
        if not isinstance(table.raw, list):
            raise Lost("protocol", "the server shows no namespace table")
        self.namespaces = self._publishing.namespaces = [str(uri) for uri in table.raw]
        self.started = answers.time(started.raw)
        for what, limit in zip(requests.LIMITS, limits, strict=True):
            if isinstance(limit.raw, int) and limit.raw > 0:
                self._batches.limits[what] = limit.raw

    # --- services

    async def _answer(self, request: Awaitable[T]) -> T:
        """One answer, within the timeout; every foreign exception becomes ``Lost``."""
        try:
            async with asyncio.timeout(self.settings.timeout):
                answer = await request
        except Exception as error:  # asyncua lets anything through that a server's bytes can provoke
            found = lost(error, self.settings.timeout)
            if found.code in ENDED:
                self.fail(found)
            raise found from error
        self._publishing.heard = asyncio.get_running_loop().time()
        return answer

    async def _ask(self, request: Any, answer: Any) -> Any:
        """One request of which asyncua's own session knows nothing, so that none of its loops begins."""
        data = await self._client.uaclient.protocol.send_request(request)
        found = struct_from_binary(answer, data)
        found.ResponseHeader.ServiceResult.check()
        return found

    async def _each(self, kind: str, items: Sequence[Any], call: Callable[[list[Any]], Awaitable[Any]]) -> list[Any]:
        """One answer for each item, in as few calls as the server allows."""
        return await self._batches.call(kind, items, lambda batch: self._answer(call(batch)))

    async def _attributes(self, nodes: Sequence[Node], attribute: Any) -> list[Value]:
        def call(batch: list[Any]) -> Awaitable[Any]:
            parameters = ua.ReadParameters(MaxAge=0, TimestampsToReturn=ua.TimestampsToReturn.Both)
            parameters.NodesToRead = batch
            answer: Awaitable[Any] = self._client.uaclient.read(parameters)
            return answer

        asked = [ua.ReadValueId(NodeId=node, AttributeId=attribute) for node in nodes]
        return [answers.value(answer) for answer in await self._each("read", asked, call)]

    async def _browse(self, nodes: Sequence[Node], direction: Any, reference: int) -> list[list[Child]]:
        def call(batch: list[Any]) -> Awaitable[Any]:
            answer: Awaitable[Any] = self._client.uaclient.browse(ua.BrowseParameters(NodesToBrowse=batch))
            return answer

        found = await self._each("browse", [requests.browse(node, direction, reference) for node in nodes], call)
        return [await self._all_references(result) for result in found]

    async def _all_references(self, result: Any) -> list[Child]:
        references = list(result.References or ())
        while result.ContinuationPoint:
            parameters = ua.BrowseNextParameters(ContinuationPoints=[result.ContinuationPoint])
            parameters.ReleaseContinuationPoints = False
            (result,) = await self._answer(self._client.uaclient.browse_next(parameters))
            references += result.References or ()
        return [requests.child(reference) for reference in references]

    async def _monitor(self, subscription: int, batch: list[Any]) -> list[Any]:
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=subscription,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=batch,
        )
        made: list[Any] = await self._client.uaclient.create_monitored_items(parameters)
        return made

    async def _publish(self, acknowledged: Sequence[Acknowledged]) -> Any:
        """An answer to Publish, which comes when there is something to say."""
        data = await self._client.uaclient.protocol.send_request(requests.publish(acknowledged), timeout=0)
        return struct_from_binary(ua.PublishResponse, data).Parameters
