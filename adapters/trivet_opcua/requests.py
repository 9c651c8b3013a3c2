"""What is asked of a server, in the client library's types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncua import ua

from trivet_opcua import alarms, answers
from trivet_opcua.transport import Child, Node, Path

OUTAGE = 60.0
"""A queue holds what so many seconds without a link leave behind; longer than that no server keeps the session."""
SESSION_TIMEOUT = 60_000
HISTORY_PIECE = 1000
WHOLE_PATH = 0xFFFF_FFFF

LIMITS = {
    "read": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    "browse": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    "translate": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
    "monitor": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
}
STARTED = ua.NodeId(ua.ObjectIds.Server_ServerStatus_StartTime)
BEAT = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)
NAMESPACES = ua.NodeId(ua.ObjectIds.Server_NamespaceArray)


def plain_id(node: Any) -> Node:
    """Without the server index and URI of an ExpandedNodeId."""
    return ua.NodeId(node.Identifier, node.NamespaceIndex)


def child(reference: Any) -> Child:
    """A reference in plain types."""
    name = reference.BrowseName
    return Child(plain_id(reference.NodeId), name.NamespaceIndex, name.Name or "", plain_id(reference.TypeDefinition))


def browse(node: Node, direction: Any, reference: int) -> Any:
    """References of one kind and direction to objects, their types, and data types."""
    return ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=direction,
        ReferenceTypeId=ua.NodeId(reference),
        IncludeSubtypes=True,
        NodeClassMask=ua.NodeClass.Object | ua.NodeClass.ObjectType | ua.NodeClass.DataType,
        ResultMask=ua.BrowseResultMask.BrowseName | ua.BrowseResultMask.TypeDefinition,
    )


def browse_path(start: Node, path: Path) -> Any:
    """A path of browse names along hierarchical references."""
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


def target(answer: Any) -> Node | None:
    """Where a browse path ends, or None when it leads nowhere."""
    whole = [target.TargetId for target in answer.Targets or () if target.RemainingPathIndex == WHOLE_PATH]
    return plain_id(whole[0]) if answer.StatusCode.is_good() and whole else None


def item(handle: int, node: Node, sampling: float, publishing: float) -> Any:
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


def event_item(handle: int) -> Any:
    """The events of the Server object, with the fields that a condition is made of."""
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


def subscription(publishing: float) -> Any:
    """A subscription that answers in each of its intervals [s], if only to say that nothing changed."""
    request = ua.CreateSubscriptionRequest()
    request.Parameters = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=publishing * 1000,
        RequestedLifetimeCount=max(10, int(SESSION_TIMEOUT / 1000 / publishing)),
        RequestedMaxKeepAliveCount=1,
        MaxNotificationsPerPublish=0,
        PublishingEnabled=True,
    )
    return request


def publish(acknowledged: Sequence[tuple[int, int]]) -> Any:
    """The next publication, whatever subscription it is of; and what the server need not keep any more."""
    request = ua.PublishRequest()
    request.Parameters.SubscriptionAcknowledgements = [
        ua.SubscriptionAcknowledgement(SubscriptionId=subscription, SequenceNumber=number)
        for subscription, number in acknowledged
    ]
    return request


def end_of(subscription: int) -> Any:
    """A subscription less."""
    request = ua.DeleteSubscriptionsRequest()
    request.Parameters.SubscriptionIds = [subscription]
    return request


def condition_refresh(subscription: int) -> Any:
    """The only method that is ever called."""
    call = ua.CallMethodRequest()
    call.ObjectId = ua.NodeId(ua.ObjectIds.ConditionType)
    call.MethodId = ua.NodeId(ua.ObjectIds.ConditionType_ConditionRefresh)
    call.InputArguments = [ua.Variant(subscription, ua.VariantType.UInt32)]
    return call


def history(node: Node, start: int, end: int, point: bytes | None) -> Any:
    """Raw values of a stretch of time [ns, UTC], from a continuation point on."""
    request = ua.HistoryReadRequest()
    request.Parameters.HistoryReadDetails = ua.ReadRawModifiedDetails(
        IsReadModified=False,
        StartTime=answers.moment(start),
        EndTime=answers.moment(end),
        NumValuesPerNode=HISTORY_PIECE,
        ReturnBounds=False,
    )
    request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
    request.Parameters.ReleaseContinuationPoints = False
    request.Parameters.NodesToRead = [ua.HistoryReadValueId(NodeId=node, ContinuationPoint=point)]
    return request
