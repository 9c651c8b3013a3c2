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
from trivet_opcua.inbox import Inbox
from trivet_opcua.library import hush
from trivet_opcua.loss import Lost, lost
from trivet_opcua.security import Secured, explained, secret, secured
from trivet_opcua.settings import Settings
from trivet_opcua.transport import Child, Granted, Node, Path, Publication, Unit, Value

T = TypeVar("T")

PUBLISH_REQUESTS = 2
LARGEST_HISTORY = 100_000
HISTORY_READ = 4
"""The bit of AccessLevel that says that a history can be read (OPC 10000-3, 8.57)."""
HA_CONFIGURATION = (0, "HA Configuration")

hush()


class Held(NamedTuple):
    """A session that the server still has, for the next channel to take up."""

    token: Any
    nonce: bytes | None
    policies: list[Any]
    certificate: Any


class AsyncuaTransport:
    """A ``Transport`` over asyncua, for one channel.

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
        self._client: Any = None
        self._batches = Batches()
        self._inbox = Inbox()
        self._beat = -1
        self._acknowledged: list[Any] = []
        self._workers: list[asyncio.Task[None]] = []
        self._renew_at = 0.0

    async def open(self, held: Held | None = None) -> None:
        """Connects, opens a session or activates one that is held, reads the namespace table and the limits."""
        self.secured = await secured(self.settings)
        client = self._client = Client(self.settings.url, timeout=self.settings.timeout)
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

    async def leave(self) -> None:
        """Drops the channel and keeps the session on the server; never raises."""
        await self._rest()
        client, self._client = self._client, None
        protocol = None if client is None else client.uaclient.protocol
        if protocol is not None and protocol.transport is not None:
            protocol.transport.abort()

    async def close(self, patience: float) -> None:
        """Closes the session and the socket; never raises, and waits for the server no longer than told [s]."""
        if self._client is None:
            return
        await self._rest()
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

    async def units(self, nodes: Sequence[Node]) -> list[Unit | None]:
        """Values of EngineeringUnits properties."""
        return [answers.unit(value.raw) for value in await self.read(nodes)]

    async def subscribe(self, nodes: Sequence[Node], sampling: Sequence[float], publishing: float) -> Granted:
        """Monitors nodes, the server's clock and its events."""
        granted = (
            await self._answer(self._ask(requests.subscription(publishing), ua.CreateSubscriptionResponse))
        ).Parameters
        items = [requests.item(i, node, s, publishing) for i, (node, s) in enumerate(zip(nodes, sampling, strict=True))]
        items += [requests.item(len(nodes), requests.BEAT, publishing, publishing), requests.event_item(len(nodes) + 1)]
        made = (await self._each("monitor", items, lambda batch: self._monitor(granted.SubscriptionId, batch)))[:-2]
        interval = granted.RevisedPublishingInterval / 1000
        return Granted(
            granted.SubscriptionId,
            interval,
            interval * max(granted.RevisedMaxKeepAliveCount, 1),
            tuple(item.StatusCode.value for item in made),
            tuple(item.RevisedSamplingInterval / 1000 for item in made),
        )

    def listen(self, subscription: int, beat: int) -> None:
        """Begins to ask for publications."""
        self._beat = beat
        self._workers = [asyncio.create_task(self._publish(subscription)) for _ in range(PUBLISH_REQUESTS)]

    async def republish(self, subscription: int, number: int) -> Publication | None:
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
        self._acknowledge(subscription, number)
        return self._plain(message)

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

    async def publication(self, patience: float) -> Publication:
        """The next answer to Publish, within ``patience`` [s of real time]."""
        return await self._inbox.get(patience)

    async def renew(self) -> None:
        """Renews the secure channel when three quarters of its lifetime are over."""
        if asyncio.get_running_loop().time() >= self._renew_at:
            await self._answer(self._client.open_secure_channel(renew=True))
            self._plan_renewal()

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
            self._inbox.fail(Lost("reset", "the connection was closed"))

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
        self.namespaces = [str(uri) for uri in table.raw]
        self.started = answers.time(started.raw)
        for what, limit in zip(requests.LIMITS, limits, strict=True):
            if isinstance(limit.raw, int) and limit.raw > 0:
                self._batches.limits[what] = limit.raw

    # --- services

    async def _answer(self, request: Awaitable[T]) -> T:
        """One answer, within the timeout; every foreign exception becomes ``Lost``."""
        try:
            async with asyncio.timeout(self.settings.timeout):
                return await request
        except Exception as error:  # asyncua lets anything through that a server's bytes can provoke
            raise lost(error, self.settings.timeout) from error

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
        return [_child(reference) for reference in references]

    async def _monitor(self, subscription: int, batch: list[Any]) -> list[Any]:
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=subscription,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=batch,
        )
        made: list[Any] = await self._client.uaclient.create_monitored_items(parameters)
        return made

    # --- publications

    async def _publish(self, subscription: int) -> None:
        """Asks for one publication after the other, until the channel ends; several of these take turns."""
        while True:
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements, self._acknowledged = self._acknowledged, []
            try:
                result = (await self._ask_patiently(request)).Parameters
                found = self._plain(result.NotificationMessage, not result.MoreNotifications)
            except Exception as error:  # whatever a server's bytes provoke ends the channel, not this program
                ended = lost(error, self.settings.timeout)
                if ended.code == "BadTimeout":
                    continue  # the request was too old for the server, and the next takes its place
                if ended.code != "BadTooManyPublishRequests":
                    self._inbox.fail(ended)
                return
            if result.SubscriptionId != subscription:
                continue
            if found.message:
                self._acknowledge(subscription, found.number)
            await self._inbox.put(found)

    async def _ask_patiently(self, request: Any) -> Any:
        """An answer to Publish, which comes when there is something to say."""
        data = await self._client.uaclient.protocol.send_request(request, timeout=0)
        return struct_from_binary(ua.PublishResponse, data)

    def _plain(self, message: Any, complete: bool = True) -> Publication:
        return answers.publication(message, self._beat, self.namespaces, complete)

    def _acknowledge(self, subscription: int, number: int) -> None:
        self._acknowledged.append(ua.SubscriptionAcknowledgement(SubscriptionId=subscription, SequenceNumber=number))

    async def _rest(self) -> None:
        """Ends the tasks that ask for publications."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def _child(reference: Any) -> Child:
    name = reference.BrowseName
    return Child(
        requests.plain_id(reference.NodeId),
        name.NamespaceIndex,
        name.Name or "",
        requests.plain_id(reference.TypeDefinition),
    )
