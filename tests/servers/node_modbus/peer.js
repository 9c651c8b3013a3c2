// modbus-serial as a peer: `serve tcp`, `serve rtu PATH`, or `read KIND WHERE UNIT ADDRESS COUNT`.
// Served holding registers hold address * 3 + unit. What is read goes to standard output as JSON.
const Modbus = require("modbus-serial");

const vector = {
  getHoldingRegister: (address, unit) => (address * 3 + unit) & 0xffff,
  getInputRegister: (address, unit) => (address * 5 + unit) & 0xffff,
  getCoil: (address) => address % 3 === 0,
};

function serve(kind, path) {
  if (kind === "tcp") {
    const server = new Modbus.ServerTCP(vector, { host: "127.0.0.1", port: 0, unitID: 255 });
    server.on("initialized", () => console.log(server._server.address().port));
    return;
  }
  const server = new Modbus.ServerSerial(vector, { path, baudRate: 19200, unitID: 255, binding: undefined });
  server.on("initialized", () => console.log(path));
}

async function read(kind, where, unit, address, count) {
  const client = new Modbus();
  const [host, port] = where.split(":");
  if (kind === "tcp") await client.connectTCP(host, { port: Number(port) });
  if (kind === "rtuovertcp") await client.connectTelnet(host, { port: Number(port) });
  if (kind === "rtu") await client.connectRTUBuffered(where, { baudRate: 19200, parity: "none" });
  client.setID(Number(unit));
  client.setTimeout(3000);
  const answer = await client.readHoldingRegisters(Number(address), Number(count));
  console.log(JSON.stringify(answer.data));
  client.close(() => process.exit(0));
}

const [verb, ...rest] = process.argv.slice(2);
if (verb === "serve") serve(...rest);
else read(...rest).catch((error) => { console.error(error.message); process.exit(1); });
