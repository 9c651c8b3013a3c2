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
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from asyncua import Client, ua
from asyncua.crypto import security_policies

from trivet_opcua import alarms
from trivet_opcua.batch import Batches
from trivet_opcua.certificates import application_uri
from trivet_opcua.inbox import Inbox
from trivet_opcua.library import hush
from trivet_opcua.loss import Lost, lost, status
from trivet_opcua.settings import Settings
from trivet_opcua.transport import Change, Child, Node, Path, Publication, Unit, Value

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SESSION_TIMEOUT = 60_000
OUTAGE = 30.0
WHOLE_PATH = 0xFFFF_FFFF

hush()

_LIMITS = {
    "read": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    "browse": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    "translate": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
    "monitor": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
}
_BEAT = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)


class AsyncuaTransport:
    """A ``Transport`` over asyncua, for one connection.

    Attributes:
        settings: Where to, and how secured.
        namespaces: URIs in the order of the server's table.
        quiet: Longest time between two answers to Publish [s].
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.namespaces: Sequence[str] = ()
        self.quiet = 0.0
        self._client: Any = None
        self._batches = Batches()
        self._inbox = Inbox()
        self._subscription = 0
        self._beat = -1
        self._renew_at = 0.0

    async def open(self) -> None:
        """Connects, opens a session, reads the namespace table and the operation limits."""
        client = self._client = Client(self.settings.url, timeout=self.settings.timeout)
        client.name = client.description = "trivet"
        client.session_timeout = SESSION_TIMEOUT
        if self.settings.security != "none":
            await self._answer(self._secure())
        await self._answer(client.connect_socket())
        self._watch_socket()
        await self._answer(client.send_hello())
        await self._open_channel()
        self._plan_renewal()
        await self._answer(client.create_session())
        await self._answer(client.activate_session())
        await self._look_around()

    async def close(self, patience: float) -> None:
        """Closes the session and the socket; never raises, and waits for the server no longer than told [s]."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(patience):
                await client.close_session()
                await client.close_secure_channel()
        except Exception as error:  # whatever a dying link raises, the socket must still be closed
            logging.getLogger(__name__).debug("closing: %r", error)
        finally:
            client.disconnect_socket()

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
        asked = [_browse_path(start, path) for start, path in paths]
        answers = await self._each("translate", asked, self._client.uaclient.translate_browsepaths_to_nodeids)
        return [_target(answer) for answer in answers]

    async def read(self, nodes: Sequence[Node]) -> list[Value]:
        """Values of variables, in batches that the server allows."""
        return await self._attributes(nodes, ua.AttributeIds.Value)

    async def poll(self, nodes: Sequence[Node]) -> tuple[list[Value], int]:
        """As ``read``, and what the server's own clock shows [ns, UTC]; 0 when it shows nothing."""
        *values, beat = await self.read([*nodes, _BEAT])
        return values, _time(beat.raw)

    async def units(self, nodes: Sequence[Node]) -> list[Unit | None]:
        """Values of EngineeringUnits properties."""
        return [_unit(value.raw) for value in await self.read(nodes)]

    async def subscribe(self, nodes: Sequence[Node], sampling: Sequence[float], publishing: float) -> list[int]:
        """Monitors nodes, the server's clock and its events; gives one StatusCode for each node."""
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=publishing * 1000,
            RequestedLifetimeCount=max(10, int(SESSION_TIMEOUT / 1000 / publishing)),
            RequestedMaxKeepAliveCount=1,
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
        )
        granted = await self._answer(self._client.uaclient.create_subscription(parameters, self._published))
        self._subscription = granted.SubscriptionId
        self.quiet = granted.RevisedPublishingInterval / 1000 * max(granted.RevisedMaxKeepAliveCount, 1)
        self._beat = len(nodes)
        items = [_item(i, node, s, publishing) for i, (node, s) in enumerate(zip(nodes, sampling, strict=True))]
        items += [_item(self._beat, _BEAT, 1.0, publishing), _event_item(self._beat + 1)]
        answers = await self._each("monitor", items, self._monitor)
        return [answer.StatusCode.value for answer in answers[: len(nodes)]]

    async def refresh(self) -> None:
        """Asks for all pending conditions (ConditionRefresh), where the server has any."""
        call = ua.CallMethodRequest()
        call.ObjectId = ua.NodeId(ua.ObjectIds.ConditionType)
        call.MethodId = ua.NodeId(ua.ObjectIds.ConditionType_ConditionRefresh)
        call.InputArguments = [ua.Variant(self._subscription, ua.VariantType.UInt32)]
        try:
            await self._answer(self._client.uaclient.call([call]))
        except Lost as refused:
            if not isinstance(refused.__cause__, ua.UaStatusCodeError):
                raise  # a server without alarms may have no methods at all, which is no fault

    async def publication(self, patience: float) -> Publication:
        """The next answer to Publish, within ``patience`` [s of real time]."""
        return await self._inbox.get(patience)

    async def renew(self) -> None:
        """Renews the secure channel when three quarters of its lifetime are over."""
        if asyncio.get_running_loop().time() >= self._renew_at:
            await self._answer(self._client.open_secure_channel(renew=True))
            self._plan_renewal()

    # --- connection

    async def _secure(self) -> None:
        given = self.settings
        self._client.application_uri = application_uri(given.certificate)
        await self._client.set_security(
            security_policies.SecurityPolicyBasic256Sha256,
            given.certificate,
            given.private_key,
            server_certificate=given.server_certificate,
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )

    async def _open_channel(self) -> None:
        """A server that does not know a client's certificate just hangs up, or asyncua loses its reason."""
        try:
            await self._answer(self._client.open_secure_channel())
        except Lost as refused:
            if self.settings.security == "none":
                raise
            if refused.reason == "timeout":
                raise Lost(
                    "timeout", "no secure channel was opened; is this still the server's certificate?"
                ) from refused
            raise status("BadCertificateUntrusted") from refused

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

    async def _look_around(self) -> None:
        nodes = [ua.NodeId(ua.ObjectIds.Server_NamespaceArray), *(ua.NodeId(number) for number in _LIMITS.values())]
        table, *limits = await self.read(nodes)
        if not isinstance(table.raw, list):
            raise Lost("protocol", "the server shows no namespace table")
        self.namespaces = [str(uri) for uri in table.raw]
        for what, limit in zip(_LIMITS, limits, strict=True):
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
        return [_value(answer) for answer in await self._each("read", asked, call)]

    async def _browse(self, nodes: Sequence[Node], direction: Any, reference: int) -> list[list[Child]]:
        def call(batch: list[Any]) -> Awaitable[Any]:
            answer: Awaitable[Any] = self._client.uaclient.browse(ua.BrowseParameters(NodesToBrowse=batch))
            return answer

        found = await self._each("browse", [_browse(node, direction, reference) for node in nodes], call)
        return [await self._all_references(result) for result in found]

    async def _all_references(self, result: Any) -> list[Child]:
        references = list(result.References or ())
        while result.ContinuationPoint:
            parameters = ua.BrowseNextParameters(ContinuationPoints=[result.ContinuationPoint])
            parameters.ReleaseContinuationPoints = False
            (result,) = await self._answer(self._client.uaclient.browse_next(parameters))
            references += result.References or ()
        return [_child(reference) for reference in references]

    async def _monitor(self, batch: list[Any]) -> list[Any]:
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self._subscription,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=batch,
        )
        answers: list[Any] = await self._client.uaclient.create_monitored_items(parameters)
        return answers

    async def _published(self, result: Any) -> None:
        """Called by asyncua for each answer to Publish; waits when the reader is behind."""
        try:
            message = result.NotificationMessage
            publication = Publication(complete=not result.MoreNotifications)
            for part in message.NotificationData or ():
                self._sort(part, publication)
            sequence = message.SequenceNumber if message.NotificationData else 0
        except Exception as error:  # asyncua would only log what a server's bytes provoke here
            self._inbox.fail(lost(error, self.settings.timeout))
        else:
            await self._inbox.put(publication, sequence)

    def _sort(self, part: Any, publication: Publication) -> None:
        if isinstance(part, ua.DataChangeNotification):
            for item in part.MonitoredItems:
                value = _value(item.Value)
                if item.ClientHandle == self._beat:
                    publication.beat = _time(value.raw)
                else:
                    publication.changes.append(Change(item.ClientHandle, value))
        elif isinstance(part, ua.EventNotificationList):
            publication.events += [[self._plain(field.Value) for field in event.EventFields] for event in part.Events]
        elif isinstance(part, ua.StatusChangeNotification) and part.Status.is_bad():
            self._inbox.fail(status(part.Status.name))

    def _plain(self, value: Any) -> Any:
        if isinstance(value, ua.NodeId):
            table = self.namespaces
            index = value.NamespaceIndex
            uri = table[index] if index < len(table) else str(index)
            return "" if value.is_null() else f"nsu={uri};{value.to_string().split(';')[-1]}"
        if isinstance(value, ua.LocalizedText):
            return value.Text or ""
        return _time(value) if isinstance(value, datetime) else value


def _value(found: Any) -> Value:
    """A DataValue in plain types; the raw value is asyncua's own."""
    code = found.StatusCode
    raw = None if found.Value is None else found.Value.Value
    return Value(raw, 0 if code is None else code.value, _time(found.SourceTimestamp), _time(found.ServerTimestamp))


def _time(moment: Any) -> int:
    """Nanoseconds since the epoch; 0 for none, for OPC UA's own zero in 1601, and beyond what 64 bits hold (2262)."""
    if not isinstance(moment, datetime):
        return 0
    time = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND * 1000
    return time if 0 < time < 2**63 else 0


def _unit(raw: Any) -> Unit | None:
    return Unit(raw.UnitId, raw.DisplayName.Text or "") if isinstance(raw, ua.EUInformation) else None


def _child(reference: Any) -> Child:
    name = reference.BrowseName
    return Child(_plain_id(reference.NodeId), name.NamespaceIndex, name.Name or "", _plain_id(reference.TypeDefinition))


def _plain_id(node: Any) -> Node:
    """Without the server index and URI of an ExpandedNodeId."""
    return ua.NodeId(node.Identifier, node.NamespaceIndex)


def _browse(node: Node, direction: Any, reference: int) -> Any:
    return ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=direction,
        ReferenceTypeId=ua.NodeId(reference),
        IncludeSubtypes=True,
        NodeClassMask=ua.NodeClass.Object | ua.NodeClass.ObjectType,
        ResultMask=ua.BrowseResultMask.BrowseName | ua.BrowseResultMask.TypeDefinition,
    )


def _browse_path(start: Node, path: Path) -> Any:
    steps = [
        ua.RelativePathElement(
            ReferenceTypeId=ua.NodeId(ua.ObjectIds.HierarchicalReferences),
            IsInverse=False,
            IncludeSubtypes=True,
            TargetName=ua.QualifiedName(name, namespace),
        )
        for namespace, name in path
    ]
    return ua.BrowsePath(StartingNode=start, RelativePath=ua.RelativePath(Elements=steps))


def _target(answer: Any) -> Node | None:
    whole = [target.TargetId for target in answer.Targets or () if target.RemainingPathIndex == WHOLE_PATH]
    return _plain_id(whole[0]) if answer.StatusCode.is_good() and whole else None


def _item(handle: int, node: Node, sampling: float, publishing: float) -> Any:
    """A monitored value whose queue holds what a lost link of half a minute would leave behind."""
    queue = min(max(round(OUTAGE / min(sampling, publishing)), 10), 1000)
    asked = ua.MonitoringParameters(
        ClientHandle=handle, SamplingInterval=sampling * 1000, QueueSize=queue, DiscardOldest=True
    )
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=asked,
    )


def _event_item(handle: int) -> Any:
    asked = ua.MonitoringParameters(ClientHandle=handle, SamplingInterval=0, QueueSize=1000, DiscardOldest=True)
    asked.Filter = ua.EventFilter(SelectClauses=[_operand(type_, path) for type_, path in alarms.FIELDS])
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=ua.NodeId(ua.ObjectIds.Server), AttributeId=ua.AttributeIds.EventNotifier),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=asked,
    )


def _operand(type_: int, path: str) -> Any:
    return ua.SimpleAttributeOperand(
        TypeDefinitionId=ua.NodeId(type_),
        BrowsePath=[ua.QualifiedName(name, 0) for name in path.split("/") if name],
        AttributeId=ua.AttributeIds.Value if path else ua.AttributeIds.NodeId,
    )
