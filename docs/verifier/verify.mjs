#!/usr/bin/env node
// A second verifier of .trivet packages, written from sdk/trivet/package/README.md and ANNEX.md alone; only Node's own modules.
//
//   node verify.mjs PACKAGE [--key KEY.pub]... [--unsigned]
//
// Prints one line of JSON {admitted, rule, why, digest, signers} and exits with 0 for admitted, 1 for refused.
// It judges bytes, names, manifest, digests and signatures by keys (sections 1 to 6); certificates count as
// strangers here, and the graph (annex A) is not looked at.

import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { readFileSync, statSync } from "node:fs";

class Refusal extends Error {}

const MIB = 1 << 20;
const refuse = (rule, why) => {
  throw Object.assign(new Refusal(why), { rule: `TRV-P${rule}` });
};
const need = (good, rule, why) => good || refuse(rule, why);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// 1. Bytes

const CRCS = Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRCS[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const STEM = "(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\\.)[a-z0-9][a-z0-9_.-]{0,99}";
const ROLES = {
  interface: /^interface\.json$/,
  model: /^model\.onnx$/,
  features: /^features\.json$/,
  golden: new RegExp(`^golden/${STEM}\\.f32$`),
  evidence: new RegExp(`^evidence/${STEM}\\.json$`),
};
const SIGNATURE = /^META-INF\/signatures\/([0-9a-f]{64})\.sigstore\.json$/;
const META = new RegExp(`${SIGNATURE.source}|^META-INF/attestations/${STEM}\\.json$`);
const MIMETYPE = "application/vnd.trivet.package";

const roleOf = (path) => Object.keys(ROLES).find((role) => ROLES[role].test(path));
const allowed = (path) => path === "mimetype" || path === "manifest.json" || roleOf(path) || META.test(path);
const largest = (path) => (roleOf(path) ? 128 * MIB : MIB);
const place = (path) =>
  path === "mimetype" ? "0" : path === "manifest.json" ? "1" : (META.test(path) ? "3" : "2") + path;
const inOrder = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

const header = (form, values) => {
  const bytes = Buffer.alloc(64);
  return bytes.subarray(0, [...form].reduce((at, size, n) => bytes.writeUIntLE(values[n], at, Number(size)), 0));
};

const LOCAL = "42222244422";
const CENTRAL = "42222224442222244";
const [DATE, MODE] = [(1 << 5) | 1, 0o100644 * 65536];
const localHeader = (crc, size, name) => header(LOCAL, [0x04034b50, 20, 0, 0, 0, DATE, crc, size, size, name, 0]);
const centralHeader = (crc, size, name, offset) =>
  header(CENTRAL, [0x02014b50, 0x314, 20, 0, 0, 0, DATE, crc, size, size, name, 0, 0, 0, 0, MODE, offset]);
const endRecord = (count, size, offset) => header("42222442", [0x06054b50, 0, 0, count, count, size, offset, 0]);

function directory(data) {
  need(data.length <= 256 * MIB, "001", "the file is too large");
  need(data.length >= 22 && data.readUInt32LE(0) === 0x04034b50, "002", "does not begin with a local header");
  const end = data.subarray(data.length - 22);
  const [count, size, offset] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
  need(end.equals(endRecord(count, size, offset)), "002", "the end record is another");
  need(offset + size === data.length - 22, "002", "the directory is not before the end record");
  need(count <= 2048, "003", "too many entries");
  const entries = [];
  let at = offset;
  for (let n = 0; n < count; n++) {
    const line = data.subarray(at, at + 46);
    need(line.length === 46 && line.readUInt32LE(0) === 0x02014b50, "003", "the directory is broken");
    const entry = { crc: line.readUInt32LE(16), size: line.readUInt32LE(24), offset: line.readUInt32LE(42) };
    const length = line.readUInt16LE(28);
    need(line.equals(centralHeader(entry.crc, entry.size, length, entry.offset)), "004", "an entry's form is another");
    entry.path = data.subarray(at + 46, at + 46 + length).toString("latin1");
    need(entry.path.length === length && allowed(entry.path), "007", "a name that no package may hold");
    need(entry.size <= largest(entry.path), "010", "a member is too large");
    entries.push(entry);
    at += 46 + length;
  }
  need(at === data.length - 22, "003", "the directory is longer than its entries");
  return { entries, offset };
}

function readArchive(data) {
  const { entries, offset } = directory(data);
  const names = entries.map((entry) => entry.path);
  need(new Set(names).size === names.length, "008", "a name is there twice");
  need(names[0] === "mimetype" && names[1] === "manifest.json", "009", "mimetype and manifest do not come first");
  const places = names.map(place);
  need(places.every((value, n) => n === 0 || places[n - 1] < value), "009", "entries are out of order");
  need(names.filter((name) => META.test(name)).length <= 64, "003", "too many signatures and attestations");
  const found = new Map();
  let at = 0;
  for (const { path, crc, size, offset: start } of entries) {
    need(start === at, "006", `${path} leaves a gap or overlaps`);
    const body = at + 30 + path.length;
    const want = Buffer.concat([localHeader(crc, size, path.length), Buffer.from(path, "latin1")]);
    need(body <= data.length, "006", `${path} lies outside the file`);
    need(data.subarray(at, body).equals(want), "005", `${path}: local header differs from the directory`);
    at = body + size;
    const content = data.subarray(body, at);
    need(content.length === size && crc32(content) === crc, "011", `${path} was altered`);
    found.set(path, content);
  }
  need(at === offset, "006", "bytes between the last entry and the directory");
  need(found.get("mimetype").toString("latin1") === MIMETYPE, "009", "another mimetype");
  return found;
}

// JSON: UTF-8, at most 32 levels, no key twice; objects become maps. JSON.parse alone would take the last of two keys.

const TOKENS = /"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]/g;

function checkTokens(text, fail) {
  const open = [];
  for (const [token, colon] of text.matchAll(TOKENS)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (colon) {
      const [key, seen] = [JSON.parse(token.slice(0, -colon.length)), open.at(-1)];
      if (seen.has(key)) fail("a key is there twice");
      seen.add(key);
    }
    if (open.length > 32) fail("nested deeper than 32 levels");
  }
}

function parseJson(bytes, rule) {
  const fail = (why) => refuse(rule, why);
  if (bytes.length > MIB) fail("JSON over 1 MiB");
  const mapped = (value) => {
    if (Array.isArray(value)) return value.map(mapped);
    if (value instanceof Object) return new Map(Object.entries(value).map(([key, inner]) => [key, mapped(inner)]));
    return typeof value === "number" && !Number.isFinite(value) ? fail("a number is too large") : value;
  };
  let text, value;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    fail("not JSON");
  }
  checkTokens(text, fail);
  return mapped(value);
}

function canonical(value) {
  if (value instanceof Map) {
    const keys = [...value.keys()].sort(inOrder); // by UTF-16 code units, as RFC 8785 wants
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value.get(key))}`).join(",")}}`;
  }
  if (typeof value === "string" && /\p{Cs}/u.test(value)) refuse("021", "half a character has no canonical form");
  return Array.isArray(value) ? `[${value.map(canonical).join(",")}]` : JSON.stringify(value);
}

// 3. Manifest

const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const NAME = /^[a-z][a-z0-9_]*$/;
const VERSION = /^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}(-[0-9a-z][0-9a-z.-]*)?$/;
const DIGEST = /^[0-9a-f]{64}$/;
const agree = (good, what) => need(good, "024", `the manifest contradicts itself in ${what}`);
const get = (map, key) => (map instanceof Map ? map.get(key) : undefined);
const text = (form, most = 128) => (value) => typeof value === "string" && value.length <= most && form.test(value);
const whole = (least, most) => (value) => Number.isInteger(value) && value >= least && value <= most;
const number = (least = -Infinity, most = Infinity) => (value) =>
  typeof value === "number" && value >= least && value <= most;
const list = (item, least, most) => (value) =>
  Array.isArray(value) && value.length >= least && value.length <= most && value.every(item);
const record = (fields) => (value) =>
  value instanceof Map && Object.entries(fields).every(([key, test]) => test(value.get(key)));
const all = (...tests) => (value) => tests.every((test) => test(value));
const unique = (key) => (items) => new Set(key ? items.map((item) => item.get(key)) : items).size === items.length;
const names = (least, most) => all(list(text(NAME), least, most), unique());
const word = text(/^[ -~]+$/);

const FIELDS = {
  name: text(KEBAB, 64),
  version: text(VERSION, 64),
  interface: record({ id: text(KEBAB, 64), version: text(VERSION, 64), digest: text(DIGEST), semantic: text(DIGEST) }),
  window: text(NAME, 64),
  length: whole(1, 100000),
  columns: names(1, 1024),
  context: names(2, 256),
  outputs: list(record({ name: text(NAME), classes: names(0, 1024) }), 1, 256),
  state: (value) => value === null || STATE(value),
  opset: whole(17, 21),
  budget: list((row) => BUDGET(row), 1, 256),
  golden: record({}),
  members: list((member) => MEMBER(member) && member.get("role") === roleOf(member.get("path")), 0, 2048),
};
const MEMBER = record({ path: roleOf, size: whole(0, 128 * MIB), sha256: text(DIGEST) });
const WORDS = { architecture: word, cpu: word, stage: word };
const BUDGET = record({ ...WORDS, cores: whole(1, 4096), percentile: number(0, 100), limit: number(0) });
const MEMORY = record({ name: text(NAME), unit: text(/^[!-~]+$/, 64), initial: number() });
const STATE = record({
  layout: whole(0, 2 ** 31),
  fields: all(list((field) => MEMORY(field), 1, 4096), unique("name")),
});

// Section 3: names that people take for each other.
const look = (name) =>
  name.length < 4
    ? name
    : name.toLowerCase().replace(/[01i|]/g, (c) => (c === "0" ? "o" : "l")).replaceAll("rn", "m").replaceAll("vv", "w");
const unlike = (names) => new Set(names.map(look)).size === names.length;

function checkConsistency(manifest) {
  const [context, members] = [manifest.get("context"), manifest.get("members")];
  const outputs = manifest.get("outputs").map((port) => port.get("name"));
  agree(context[0] === "frames" && context[1] === "elapsed", "context");
  agree(new Set(outputs).size === outputs.length && !outputs.includes("next_state"), "outputs");
  agree([manifest.get("columns"), context, outputs].every(unlike), "names that look alike");
  agree(manifest.get("budget").some((row) => row.get("architecture") === "*" && row.get("cpu") === "*"), "budget");
  const sorted = (member, n) => n === 0 || members[n - 1].get("path") < member.get("path");
  agree(members.every(sorted), "the order of members");
  for (const role of ["interface", "model", "features"])
    agree(members.some((member) => member.get("role") === role), `members without ${role}`);
  const face = members.find((member) => member.get("role") === "interface");
  agree(face.get("sha256") === manifest.get("interface").get("digest"), "the interface's digest");
}

// 4. Golden vectors: names, shapes and sizes

function checkGolden(manifest) {
  const golden = manifest.get("golden");
  const sizes = new Map(manifest.get("members").map((member) => [member.get("path"), member.get("size")]));
  const array = (entry, ...wanted) => {
    const [path, shape] = [get(entry, "path"), get(entry, "shape")];
    agree(ROLES.golden.test(path) && sizes.has(path), "golden paths");
    agree(list(whole(1, 1 << 24), wanted.length, wanted.length)(shape), "golden shapes");
    agree(shape.every((size, n) => [null, size].includes(wanted[n])), "golden shapes");
    agree(4 * shape.reduce((product, size) => product * size, 1) === sizes.get(path), "golden sizes");
    return shape[0];
  };
  const width = (port) => [port.get("name"), Math.max(port.get("classes").length, 1)];
  const ports = new Map(manifest.get("outputs").map(width));
  const expected = (entry, known, batch) => {
    agree(entry instanceof Map && entry.size > 0, "golden expectations");
    for (const [name, value] of entry) agree(known.has(name), "golden outputs") && array(value, batch, known.get(name));
  };
  const [length, columns, context] = ["length", "columns", "context"].map((key) => manifest.get(key));
  const isParameter = ([name, value]) => context.slice(2).includes(name) && number()(value);
  agree(number(0, 1e-3)(get(golden, "tolerance")), "the golden tolerance");
  for (const [key, least] of [["samples", 0], ["outputs", 1], ["prediction", 0]])
    agree(list(record({}), least, 1000)(golden.get(key)), `golden ${key}`);
  for (const one of golden.get("samples")) {
    array(get(one, "samples"), null, 4);
    array(get(one, "window"), length, columns.length);
    array(get(one, "context"), context.length);
    const parameters = get(one, "parameters") ?? new Map();
    agree(parameters instanceof Map && [...parameters].every(isParameter), "golden parameters");
  }
  const batches = golden.get("outputs").map((one) => {
    const batch = array(get(one, "window"), null, length, columns.length);
    array(get(one, "context"), batch, context.length);
    const memory = manifest.get("state")?.get("fields").length;
    if (memory) array(get(one, "state"), batch, memory);
    else agree([null, undefined].includes(get(one, "state")), "a golden state");
    expected(get(one, "expected"), memory ? new Map([...ports, ["next_state", memory]]) : ports, batch);
    return batch;
  });
  for (const one of golden.get("prediction")) {
    agree(whole(0, batches.length - 1)(get(one, "case")), "golden predictions");
    expected(get(one, "expected"), ports, batches[one.get("case")]);
  }
}

function readManifest(bytes) {
  const manifest = parseJson(bytes, "020");
  need(manifest instanceof Map, "020", "the manifest is no object");
  need(canonical(manifest) === bytes.toString("utf8"), "021", "the manifest is not canonical");
  need([0, 1].includes(get(manifest, "format")), "022", "another format number");
  for (const key of Object.keys(FIELDS)) need(FIELDS[key](get(manifest, key)), "023", `the manifest's ${key} is wrong`);
  checkConsistency(manifest);
  checkGolden(manifest);
  return manifest;
}

// 2. Members

function checkMembers(manifest, entries) {
  const members = manifest.get("members");
  const named = new Set(members.map((member) => member.get("path")));
  for (const path of entries.keys()) need(!roleOf(path) || named.has(path), "030", `${path} is not in the manifest`);
  for (const member of members) {
    const content = entries.get(member.get("path"));
    need(content, "031", `${member.get("path")} is missing`);
    need(content.length === member.get("size"), "032", `${member.get("path")} has another size`);
    need(sha256(content) === member.get("sha256"), "033", `${member.get("path")} has another SHA-256`);
  }
}

// 5. Signatures

function base64(text, rule) {
  need(typeof text === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(text), rule, "not base64");
  const bytes = Buffer.from(text, "base64");
  need(bytes.toString("base64") === text, rule, "not base64 in its one form");
  return bytes;
}

function readBundle(path, content) {
  const bundle = parseJson(content, "041");
  const form = (good, what) => need(good, "041", `${what} of a bundle is wrong`);
  form(get(bundle, "mediaType") === "application/vnd.dev.sigstore.bundle.v0.3+json", "the media type");
  const [material, envelope] = [get(bundle, "verificationMaterial"), get(bundle, "dsseEnvelope")];
  const hint = get(get(material, "publicKey"), "hint");
  form(text(DIGEST)(hint) || get(material, "certificate") instanceof Map, "the verification material");
  form(get(envelope, "payloadType") === "application/vnd.in-toto+json", "the payload type");
  const signatures = get(envelope, "signatures");
  form(list(record({}), 1, 1)(signatures), "the list of signatures");
  const id = SIGNATURE.exec(path)[1];
  form(["", id].includes(signatures[0].get("keyid") ?? ""), "the key id");
  const [payload, signature] = [envelope.get("payload"), signatures[0].get("sig")].map((text) => base64(text, "041"));
  return { id, hint, payload, signature };
}

function checkStatement(payload, resources) {
  const about = (good, what) => need(good, "043", `a statement is about something else: ${what}`);
  const statement = parseJson(payload, "043");
  about(get(statement, "_type") === "https://in-toto.io/Statement/v1", "type");
  about(get(statement, "predicateType") === "https://model_signing/signature/v1.0", "predicate type");
  const [predicate, subject] = [get(statement, "predicate"), get(statement, "subject")];
  const serialization = get(predicate, "serialization");
  about(get(serialization, "method") === "files" && get(serialization, "hash_type") === "sha256", "serialization");
  const listed = get(predicate, "resources");
  about(list(record({}), resources.size, resources.size)(listed), "number of resources");
  about(unique("name")(listed), "a resource twice");
  for (const item of listed) {
    about(get(item, "algorithm") === "sha256" && text(DIGEST)(get(item, "digest")), "a resource");
    about(resources.get(item.get("name")) === item.get("digest"), String(item.get("name")));
  }
  const raw = Buffer.from(listed.map((item) => item.get("digest")).join(""), "hex");
  about(list(record({}), 1, 1)(subject) && get(get(subject[0], "digest"), "sha256") === sha256(raw), "subject");
}

function readKey(path) {
  const key = createPublicKey(readFileSync(path));
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const hash = key.asymmetricKeyType === "ed25519" ? null : { prime256v1: "sha256", secp384r1: "sha384" }[curve];
  need(hash !== undefined, "044", "a key of another algorithm");
  const id = sha256(key.export({ type: "spki", format: "der" }));
  return { key, hash, id, hint: sha256(key.export({ type: "spki", format: "pem" })) };
}

const encoded = ({ payload }) =>
  Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `), payload]);

// 6. Admission

function admit(entries, keys, unsigned) {
  const manifest = readManifest(entries.get("manifest.json"));
  checkMembers(manifest, entries);
  const digest = sha256(entries.get("manifest.json"));
  const resources = new Map(manifest.get("members").map((member) => [member.get("path"), member.get("sha256")]));
  resources.set("manifest.json", digest).set("mimetype", sha256(MIMETYPE));
  const paths = [...entries.keys()].filter((path) => SIGNATURE.test(path));
  const bundles = paths.map((path) => readBundle(path, entries.get(path)));
  for (const bundle of bundles) checkStatement(bundle.payload, resources);
  const signers = [];
  for (const bundle of bundles) {
    const key = bundle.hint && keys.find((one) => one.id === bundle.id || one.hint === bundle.hint);
    if (!key) continue;
    need(bundle.id === key.id && bundle.hint === key.hint, "041", "a bundle names two keys");
    need(verifySignature(key.hash, encoded(bundle), key.key, bundle.signature), "042", "a signature does not verify");
    signers.push(key.id);
  }
  if (signers.length === 0 && !unsigned) refuse(paths.length ? "046" : "040", "no trusted signature");
  return { admitted: true, digest, signers: signers.sort() };
}

function main(words) {
  const [keys, paths] = [[], []];
  for (let n = 0; n < words.length; n++) {
    if (words[n] === "--key") keys.push(readKey(words[++n]));
    else if (words[n] !== "--unsigned") paths.push(words[n]);
  }
  try {
    need(statSync(paths[0]).isFile(), "001", "is no file");
    return admit(readArchive(readFileSync(paths[0])), keys, words.includes("--unsigned"));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { admitted: false, rule: error.rule, why: error.message };
  }
}

const verdict = main(process.argv.slice(2));
console.log(JSON.stringify(verdict));
process.exit(verdict.admitted ? 0 : 1);
