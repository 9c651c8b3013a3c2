#!/usr/bin/env node
// A second verifier of .trivet packages, written from sdk/trivet/package/README.md and its annexes alone.
//
//   node verify.mjs PACKAGE [--key KEY.pub]... [--list ID.revoked.json]... [--provenance] [--unsigned]
//
// Prints one line of JSON {admitted, rule, why, digest, signers} and exits with 0 for admitted, 1 for refused.
// Certificates count as strangers, and nobody looks at the graph; README.md beside this says all that is left out.

import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { crc32 } from "node:zlib";

class Refusal extends Error {}
const MIB = 1 << 20;
const refuse = (rule, why) => {
  throw Object.assign(new Refusal(why), { rule: `TRV-P${rule}` });
};
const need = (good, rule, why) => good || refuse(rule, why);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// 1. Bytes
const STEM = "(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\\.)[a-z0-9][a-z0-9_.-]{0,99}";
const ROLES = {
  interface: /^interface\.json$/, model: /^model\.onnx$/, features: /^features\.json$/,
  golden: new RegExp(`^golden/${STEM}\\.f32$`),
  evidence: new RegExp(`^evidence/${STEM}\\.json$`),
};
const SIGNATURE = /^META-INF\/signatures\/([0-9a-f]{64})\.sigstore\.json$/;
const META = new RegExp(`${SIGNATURE.source}|^META-INF/attestations/${STEM}\\.json$`);
const [MIMETYPE, TYPE] = ["application/vnd.trivet.package", "application/vnd.in-toto+json"];
const FIRST = ["mimetype", "manifest.json"];
const roleOf = (path) => Object.keys(ROLES).find((role) => ROLES[role].test(path));
const allowed = (path) => FIRST.includes(path) || roleOf(path) || META.test(path);
const place = (path) => (FIRST.includes(path) ? FIRST.indexOf(path) : META.test(path) ? 3 : 2) + path;
const header = (form, ...values) => {
  const bytes = Buffer.alloc(64);
  return bytes.subarray(0, [...form].reduce((at, size, n) => bytes.writeUIntLE(values[n], at, Number(size)), 0));
};
const [DATE, MODE] = [(1 << 5) | 1, 0o100644 * 65536];
const localHeader = (crc, size, name) => header("42222244422", 0x04034b50, 20, 0, 0, 0, DATE, crc, size, size, name, 0);
const centralHeader = (crc, size, name, at) =>
  header("42222224442222244", 0x02014b50, 0x314, 20, 0, 0, 0, DATE, crc, size, size, name, 0, 0, 0, 0, MODE, at);
const endRecord = (count, size, offset) => header("42222442", 0x06054b50, 0, 0, count, count, size, offset, 0);

function directory(data) {
  need(data.length <= 256 * MIB, "001", "the file is too large");
  need(data.length >= 22 && data.readUInt32LE(0) === 0x04034b50, "002", "does not begin with a local header");
  const end = data.subarray(data.length - 22);
  const [count, size, offset] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
  need(end.equals(endRecord(count, size, offset)) && offset + size === data.length - 22, "002", "no such end record");
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
    need(entry.size <= (roleOf(entry.path) ? 128 * MIB : MIB), "010", "a member is too large");
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
  need(FIRST.every((name, n) => names[n] === name), "009", "mimetype and manifest do not come first");
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

// JSON: UTF-8, at most 32 levels, no key twice (JSON.parse alone takes the last of two), objects without a prototype.
function checkTokens(text) {
  const open = [];
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]/g)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (colon) {
      const [key, seen] = [JSON.parse(token.slice(0, -colon.length)), open.at(-1)];
      if (seen.size === seen.add(key).size) throw new Error("a key is there twice");
    }
    if (open.length > 32) throw new Error("nested deeper than 32 levels");
  }
}

function parseJson(bytes, rule) {
  need(bytes.length <= MIB, rule, "JSON over 1 MiB");
  const bare = (_, value) => {
    if (typeof value === "number" && !Number.isFinite(value)) throw new Error("a number is too large");
    return isObject(value) ? Object.assign(Object.create(null), value) : value;
  };
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    checkTokens(text);
    return JSON.parse(text, bare);
  } catch (error) {
    return refuse(rule, `not JSON within bounds: ${error.message}`);
  }
}

function canonical(value) {
  if (typeof value === "string" && /\p{Cs}/u.test(value)) refuse("021", "half a character has no canonical form");
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort(); // by UTF-16 code units, as RFC 8785 wants
  return `{${keys.map((key) => `${canonical(key)}:${canonical(value[key])}`).join(",")}}`;
}

// Forms of JSON: each takes a value and says whether it fits.
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const is = (wanted) => (value) => value === wanted;
const text = (form, most = 128) => (value) =>
  typeof value === "string" && [...value].length <= most && form.test(value);
const any = (most) => text(/^/, most);
const sha = text(/^[0-9a-f]{64}$/);
const between = (value, least, most) => typeof value === "number" && value >= least && value <= most;
const number = (least = -Infinity, most = Infinity) => (value) => between(value, least, most);
const whole = (least, most) => (value) => Number.isInteger(value) && between(value, least, most);
const list = (item, ...size) => (value) => Array.isArray(value) && between(value.length, ...size) && value.every(item);
const record = (fields) => (value) => isObject(value) && Object.keys(fields).every((key) => fields[key](value[key]));
const only = (fields) => all(record(fields), (value) => Object.keys(value).length === Object.keys(fields).length);
const all = (...tests) => (value) => tests.every((test) => test(value));
const unique = (key = (item) => item) => (items) => new Set(items.map(key)).size === items.length;

// 3. Manifest
const [KEBAB, NAME] = [/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, /^[a-z][a-z0-9_]*$/];
const VERSION = /^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}(-[0-9a-z][0-9a-z.-]*)?$/;
const word = text(/^[ -~]+$/);
const names = (least, most) => all(list(text(NAME), least, most), unique());
const MEMBER = record({ path: roleOf, size: whole(0, 128 * MIB), sha256: sha });
const ROW = { architecture: word, cpu: word, stage: word, cores: whole(1, 4096), percentile: number(0, 100) };
const MEMORY = record({ name: text(NAME), unit: text(/^[!-~]+$/, 64), initial: number() });
const STATE = record({ layout: whole(0, 2 ** 31), fields: all(list(MEMORY, 1, 4096), unique((one) => one.name)) });
const FIELDS = {
  name: text(KEBAB, 64), version: text(VERSION, 64), window: text(NAME, 64), length: whole(1, 100000),
  interface: record({ id: text(KEBAB, 64), version: text(VERSION, 64), digest: sha, semantic: sha }),
  columns: names(1, 1024), context: names(2, 256), opset: whole(17, 21), golden: isObject,
  outputs: list(record({ name: text(NAME), classes: names(0, 1024) }), 1, 256),
  state: (value) => value === null || STATE(value),
  budget: list(record({ ...ROW, limit: number(0) }), 1, 256),
  members: list((member) => MEMBER(member) && member.role === roleOf(member.path), 0, 2048),
};
const agree = (good, what) => need(good, "024", `the manifest contradicts itself in ${what}`);

// Names that people take for each other.
const LOOKS = [[/0/g, "o"], [/[1i|]/g, "l"], [/rn/g, "m"], [/vv/g, "w"]];
const seem = (name) => LOOKS.reduce((seen, [form, other]) => seen.replace(form, other), name.toLowerCase());
const look = (name) => (name.length < 4 ? name : seem(name));

function checkConsistency({ interface: face, columns, context, outputs, budget, members }) {
  const ports = outputs.map((port) => port.name);
  agree(context[0] === "frames" && context[1] === "elapsed", "context");
  agree(unique()(ports) && !ports.includes("next_state"), "outputs");
  agree([columns, context, ports].every(unique(look)), "names that look alike");
  agree(budget.some((row) => row.architecture === "*" && row.cpu === "*"), "budget");
  agree(members.every(({ path }, n) => n === 0 || members[n - 1].path < path), "the order of members");
  const digest = (role) => members.find((member) => member.role === role)?.sha256;
  agree(["interface", "model", "features"].every(digest), "members that must be there");
  agree(digest("interface") === face.digest, "the interface's digest");
}

// 4. Golden vectors: names, shapes and sizes
function checkGolden({ golden, length, columns, context, outputs, state, members }) {
  const sizes = new Map(members.map((member) => [member.path, member.size]));
  const array = (entry, ...wanted) => {
    agree(list(whole(1, 1 << 24), wanted.length, wanted.length)(entry?.shape), "golden shapes");
    agree(entry.shape.every((size, n) => [null, size].includes(wanted[n])), "golden shapes");
    const size = 4 * entry.shape.reduce((product, size) => product * size, 1);
    agree(ROLES.golden.test(entry.path) && sizes.get(entry.path) === size, "golden paths or sizes");
    return entry.shape[0];
  };
  const expected = (entry, known, batch) => {
    agree(isObject(entry) && Object.keys(entry).length > 0, "golden expectations");
    for (const name of Object.keys(entry)) agree(known.has(name), name) && array(entry[name], batch, known.get(name));
  };
  const ports = new Map(outputs.map(({ name, classes }) => [name, Math.max(classes.length, 1)]));
  const memory = state?.fields.length;
  const stateful = memory ? new Map([...ports, ["next_state", memory]]) : ports;
  agree(number(0, 1e-3)(golden.tolerance), "the golden tolerance");
  for (const [key, least] of [["samples", 0], ["outputs", 1], ["prediction", 0]])
    agree(list(isObject, least, 1000)(golden[key]), `golden ${key}`);
  for (const one of golden.samples) {
    array(one.samples, null, 4);
    array(one.window, length, columns.length);
    array(one.context, context.length);
    const given = one.parameters ?? {};
    const fits = isObject(given) && Object.keys(given).every((name) => context.indexOf(name) > 1);
    agree(fits && Object.values(given).every(number()), "golden parameters");
  }
  const batches = golden.outputs.map((one) => {
    const batch = array(one.window, null, length, columns.length);
    array(one.context, batch, context.length);
    memory ? array(one.state, batch, memory) : agree((one.state ?? null) === null, "a golden state");
    expected(one.expected, stateful, batch);
    return batch;
  });
  for (const one of golden.prediction) {
    agree(whole(0, batches.length - 1)(one.case), "golden predictions");
    expected(one.expected, ports, batches[one.case]);
  }
}

function readManifest(bytes) {
  const manifest = parseJson(bytes, "020");
  need(isObject(manifest), "020", "the manifest is no object");
  need(canonical(manifest) === bytes.toString("utf8"), "021", "the manifest is not canonical");
  need([0, 1].includes(manifest.format), "022", "another format number");
  for (const key of Object.keys(FIELDS)) need(FIELDS[key](manifest[key]), "023", `the manifest's ${key} is wrong`);
  checkConsistency(manifest);
  checkGolden(manifest);
  return manifest;
}

// 2. Members
function checkMembers(members, entries) {
  const named = new Set(members.map((member) => member.path));
  for (const path of entries.keys()) need(!roleOf(path) || named.has(path), "030", `${path} is not in the manifest`);
  for (const { path, size, sha256: digest } of members) {
    need(entries.has(path), "031", `${path} is missing`);
    need(entries.get(path).length === size, "032", `${path} has another size`);
    need(sha256(entries.get(path)) === digest, "033", `${path} has another SHA-256`);
  }
}

// 5. Signatures
const bytes64 = (text) => Buffer.from(text, "base64");
const base64 = (value) => typeof value === "string" && bytes64(value).toString("base64") === value;
const BUNDLE = record({
  mediaType: is("application/vnd.dev.sigstore.bundle.v0.3+json"),
  verificationMaterial: (value) => isObject(value?.certificate) || sha(value?.publicKey?.hint),
  dsseEnvelope: record({ payload: base64, signatures: list(record({ sig: base64 }), 1, 1) }),
});
const RESOURCE = record({ algorithm: is("sha256"), digest: sha });
const statement = (predicateType, predicate) =>
  record({
    _type: is("https://in-toto.io/Statement/v1"),
    subject: all(list(record({ name: any(256), digest: record({ sha256: sha }) }), 1, 64), unique((one) => one.name)),
    predicateType: is(predicateType),
    predicate: record(predicate),
  });
const SIGNED = statement("https://model_signing/signature/v1.0", {
  serialization: record({ method: is("files"), hash_type: is("sha256") }),
  resources: all(list(RESOURCE, 0, 4096), unique((one) => one.name)),
});

function readBundle(content, type, file) {
  const bundle = parseJson(content, "041");
  need(BUNDLE(bundle) && bundle.dsseEnvelope.payloadType === type, "041", "a bundle of another form");
  const { payload, signatures: [{ sig, keyid }] } = bundle.dsseEnvelope;
  const id = file ?? keyid;
  need(sha(id) && [id, "", undefined].includes(keyid), "041", "a bundle with another key id");
  const hint = bundle.verificationMaterial.publicKey?.hint;
  return { id, hint, type, payload: bytes64(payload), signature: bytes64(sig) };
}

function checkStatement(payload, resources) {
  const about = (good) => need(good, "043", "a statement of another form, or about something else");
  const found = parseJson(payload, "043");
  about(SIGNED(found) && found.predicate.resources.length === resources.size && found.subject.length === 1);
  about(found.predicate.resources.every((item) => resources.get(item.name) === item.digest));
  const raw = Buffer.from(found.predicate.resources.map((item) => item.digest).join(""), "hex");
  about(found.subject[0].digest.sha256 === sha256(raw));
}

function readKey(path) {
  const key = createPublicKey(readFileSync(path));
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const hash = key.asymmetricKeyType === "ed25519" ? null : { prime256v1: "sha256", secp384r1: "sha384" }[curve];
  need(hash !== undefined, "044", "a key of another algorithm");
  const id = sha256(key.export({ type: "spki", format: "der" }));
  return { key, hash, id, hint: sha256(key.export({ type: "spki", format: "pem" })) };
}

// The id of the trusted key that signed a bundle; nothing for a stranger's.
function signerOf({ id, hint, type, payload, signature }, keys) {
  const key = hint && keys.find((one) => one.id === id || one.hint === hint);
  if (!key) return undefined;
  need(id === key.id && hint === key.hint, "041", "a bundle names two keys");
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
  need(verifySignature(key.hash, signed, key.key, signature), "042", "a signature does not verify");
  return key.id;
}

// Annex C: provenance
const ROLE = text(/^(extract|simulator|interface|code)$/);
const MATERIAL = record({ name: any(256), digest: record({ sha256: sha }), annotations: record({ role: ROLE }) });
const SEEDS = (value) => isObject(value) && Object.values(value).every(whole(-(2 ** 53), 2 ** 53));
const TRAINED = statement("https://slsa.dev/provenance/v1", {
  buildDefinition: record({
    buildType: is("urn:trivet:training:0"),
    externalParameters: record({ command: any(4096), seeds: SEEDS }),
    resolvedDependencies: list(MATERIAL, 1, 4096),
  }),
  runDetails: record({ builder: record({ id: text(/^[a-z][a-z0-9+.-]*:[!-~]+$/, 512) }) }),
});

function checkProvenance(content, members) {
  const found = parseJson(content ?? refuse("099", "there is no provenance"), "110");
  need(TRAINED(found), "110", "a provenance of another form");
  const materials = found.predicate.buildDefinition.resolvedDependencies;
  const of = (role) => materials.map((one) => one.annotations).filter((one) => one.role === role);
  const [extracts, simulators] = [of("extract"), of("simulator")];
  const told = simulators.length || !extracts.some((one) => one.simulated === true);
  const good = extracts.length && told && simulators.every((one) => any(MIB)(one.version));
  const twice = !unique((one) => `${one.annotations.role} ${one.name}`)(materials);
  need(good && !twice, "110", "materials that do not say where a model comes from");
  const made = new Map(found.subject.map((one) => [one.name, one.digest.sha256]));
  const about = members.filter((member) => ["model", "features", "interface"].includes(member.role));
  need(made.size === about.length && about.every((one) => made.get(one.path) === one.sha256), "110", "another model's");
}

// Annex E: lists of revocations
const moment = (value) =>
  text(/^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)(value) && new Date(value).toJSON() === value.replace("Z", ".000Z");
const REASON = /^(unspecified|keyCompromise|privilegeWithdrawn|superseded|cessationOfOperation|affiliationChanged)$/;
const [KEY, HOLDER] = [{ key: sha }, { root: sha, subject: any(512) }].map((who) =>
  only({ ...who, date: moment, reason: text(REASON) }),
);
const WITHDRAWN = only({ digest: sha, date: moment, reason: any(512) });
const LIST = only({
  kind: is("revocations"), format: whole(0, 1), id: text(KEBAB, 64), number: whole(1, 2 ** 31),
  issued: moment, expires: moment,
  packages: all(list(WITHDRAWN, 0, 2048), unique((one) => one.digest)),
  signers: all(list((it) => KEY(it) || HOLDER(it), 0, 2048), unique((it) => `${it.key} ${it.root} ${it.subject}`)),
});

function readList(path, keys) {
  const bundle = readBundle(readFileSync(path), "application/vnd.trivet.revocations+json");
  const found = parseJson(bundle.payload, "111");
  need(LIST(found) && found.issued < found.expires, "111", `${path} is no list`);
  return { ...found, signer: signerOf(bundle, keys) ?? refuse("046", `nobody who is trusted signed ${path}`) };
}

// 6. Admission
const revoked = (lists, id) => lists.some((one) => one.signers.some(({ key }) => key === id));

function admit(entries, keys, lists, { provenance, unsigned }) {
  const digest = sha256(entries.get("manifest.json"));
  const { members } = readManifest(entries.get("manifest.json"));
  checkMembers(members, entries);
  const resources = new Map(members.map((member) => [member.path, member.sha256]));
  resources.set("manifest.json", digest).set("mimetype", sha256(MIMETYPE));
  const paths = [...entries.keys()].filter((path) => SIGNATURE.test(path));
  const bundles = paths.map((path) => readBundle(entries.get(path), TYPE, SIGNATURE.exec(path)[1]));
  for (const bundle of bundles) checkStatement(bundle.payload, resources);
  const signed = bundles.map((bundle) => signerOf(bundle, keys)).filter(Boolean);
  need(!lists.some((one) => one.packages.some((entry) => entry.digest === digest)), "112", "the package was revoked");
  const signers = signed.filter((id) => !revoked(lists, id)).sort();
  const rule = signed.length ? "113" : paths.length ? "046" : "040";
  need(signers.length || unsigned, rule, "nobody who counts here signed it");
  if (provenance) checkProvenance(entries.get("evidence/provenance.json"), members);
  return { admitted: true, digest, signers };
}

function main() {
  const [many, flag] = [{ type: "string", multiple: true, default: [] }, { type: "boolean" }];
  const options = { key: many, list: many, provenance: flag, unsigned: flag };
  const { values, positionals: [path] } = parseArgs({ options, allowPositionals: true });
  try {
    const keys = values.key.map(readKey);
    const lists = values.list.map((file) => readList(file, keys));
    const others = (id) => lists.filter((one) => one.id !== id);
    need(lists.every(({ id, signer }) => !revoked(others(id), signer)), "113", "a list by one whom another revoked");
    need(statSync(path).isFile(), "001", "is no file");
    return admit(readArchive(readFileSync(path)), keys, lists, values);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { admitted: false, rule: error.rule, why: error.message };
  }
}

const verdict = main();
console.log(JSON.stringify(verdict));
process.exit(verdict.admitted ? 0 : 1);
