// A dishwasher after OPC 30200 on node-opcua with the companion model's real nodeset.
// Usage: node server.js PORT [FILLER_URI...]; prints "ready URL" and serves until stdin closes.
// Environment: TICK is the time between two steps of ActualHygieneValue [ms]; PKI a folder for the certificates of
// secured endpoints, beside which there is an open one; HISTORY=1 keeps a history of the hygiene value.
// Lines on stdin change it: {"set": "OperationMode", "value": 15, "status": "BadSensorFailure"}, {"alarm": true};
// {"count": true} prints the number of its sessions and subscriptions, {"end": true} closes them all.
"use strict";
const readline = require("node:readline");
const {
  DataType, OPCUACertificateManager, OPCUAServer, StatusCodes, nodesets, standardUnits,
} = require("node-opcua");

const TICK = Number(process.env.TICK || 1000);

const KITCHEN = "http://opcfoundation.org/UA/CommercialKitchenEquipment/";
const DI = "http://opcfoundation.org/UA/DI/";

async function main() {
  const [port, ...fillers] = process.argv.slice(2);
  const server = new OPCUAServer({
    port: Number(port),
    ...secured(process.env.PKI),
    hostname: "127.0.0.1",
    nodeset_filename: [nodesets.standard, nodesets.di, nodesets.commercialKitchenEquipment],
    serverCapabilities: {
      operationLimits: {
        maxNodesPerRead: 20,
        maxMonitoredItemsPerCall: 15,
        maxNodesPerTranslateBrowsePathsToNodeIds: 25,
        maxNodesPerBrowse: 10,
      },
    },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  fillers.forEach((uri) => space.registerNamespace(uri));
  const own = space.registerNamespace("urn:independent:washers");
  space.installAlarmsAndConditionsService();
  const variables = build(space, own);
  const alarm = addAlarm(space, own);
  if (process.env.HISTORY) space.installHistoricalDataNode(variables.ActualHygieneValue.node, { maxOnlineValues: 5000 });
  let seconds = 0;
  const tick = setInterval(() => {
    seconds += 1;
    show(variables.ActualHygieneValue, seconds % 60000);
  }, TICK);
  await server.start();
  listen(server, variables, alarm);
  console.log(`ready opc.tcp://127.0.0.1:${port}`);
  process.stdin.on("close", async () => {
    clearInterval(tick);
    await server.shutdown(10);
    process.exit(0);
  });
}

function secured(folder) {
  if (!folder) return {};
  return {
    serverCertificateManager: new OPCUACertificateManager({
      rootFolder: folder, automaticallyAcceptUnknownCertificate: true,
    }),
  };
}

function build(space, own) {
  const kitchen = space.getNamespace(KITCHEN);
  const set = space.rootFolder.objects.getFolderElementByName("DeviceSet", space.getNamespaceIndex(DI));
  const device = kitchen.findObjectType("DishWashingMachineDeviceType").instantiate({
    browseName: { name: "Washer", namespaceIndex: own.index },
    organizedBy: set,
  });
  const parameters = device.getComponentByName("Parameters", kitchen.index);
  const found = {};
  const add = (name, dataType, value, unit) => {
    let node = parameters.getComponentByName(name, kitchen.index);
    if (!node) {
      const options = { browseName: { name, namespaceIndex: kitchen.index }, componentOf: parameters, dataType };
      node = unit
        ? own.addAnalogDataItem({ ...options, engineeringUnits: unit, engineeringUnitsRange: { low: 0, high: 300 } })
        : own.addVariable(options);
    }
    found[name] = { node, dataType };
    show(found[name], value);
  };
  add("ActualMainTankTemperature_1", "UInt16", 61, standardUnits.degree_celsius);
  add("ActualMainTankTemperature_2", "UInt16", 140, standardUnits.degree_fahrenheit);
  add("ActualFinalRinseTemperature_1", "UInt16", 84, standardUnits.degree_celsius);
  add("ActualMainTankTemperatureNo", "UInt16", 2);
  add("OperationMode", "Int32", 7);
  add("ProgramMode", "Int32", 2);
  add("ActualHygieneValue", "UInt16", 0);
  return found;
}

function show({ node, dataType }, value, status = "Good") {
  node.setValueFromSource({ dataType: DataType[dataType], value }, StatusCodes[status]);
}

function addAlarm(space, own) {
  const server = space.rootFolder.objects.server;
  const source = own.addVariable({
    browseName: "Pump", dataType: "Boolean", organizedBy: space.rootFolder.objects, eventSourceOf: server,
  });
  return own.instantiateAlarmCondition("OffNormalAlarmType", {
    browseName: "PumpAlarm", conditionName: "Pump", conditionSource: source, inputNode: source, normalState: source,
  });
}

function raise(alarm, active) {
  if (active) alarm.activateAlarm();
  else alarm.deactivateAlarm(false);
  alarm.raiseNewCondition({ message: "Wash pump", severity: 640, retain: active });
}

function listen(server, variables, alarm) {
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const order = JSON.parse(line);
    if ("count" in order) {
      console.log(`count ${server.engine.currentSessionCount} ${server.engine.currentSubscriptionCount}`);
    } else if ("end" in order) {
      Object.values(server.engine._sessions).forEach((s) => server.engine.closeSession(s.authenticationToken, true, "Terminated"));
    } else if ("alarm" in order) raise(alarm, order.alarm);
    else show(variables[order.set], order.value, order.status);
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
