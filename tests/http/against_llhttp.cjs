// Our parser and Node's (llhttp) over the fuzz corpus and mutations of it.
//
// Two parsers that read the same bytes differently are how requests are
// smuggled. So whatever ours takes, Node's must take as well, and see the same
// method, target, fields, content, trailers and end. What ours refuses, Node's
// may take: ours is the stricter one on purpose.
//
//     node against_llhttp.cjs VIEW-PROGRAM CORPUS-FOLDER

"use strict";
const { spawnSync } = require("node:child_process");
const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

const MUTANTS = 40000;
const SKIPPED = 77;
const LLHTTP_MIN = 8; // older ones take more than RFC 9112 lets them, and lack a flag used here

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(SKIPPED);
}

const LLHTTP = process.versions.llhttp;
if (!(parseInt(LLHTTP, 10) >= LLHTTP_MIN)) {
  skip(`needs llhttp ${LLHTTP_MIN} or later (Node.js 20); ${process.execPath} has ${LLHTTP}`);
}
let HTTPParser;
try {
  ({ HTTPParser } = process.binding("http_parser"));
} catch (error) {
  skip(`this Node.js does not lend its parser (${error.message})`);
}

// --- inputs -------------------------------------------------------------------

// xorshift32: the same mutants at each run.
let seed = 0x9e3779b9;
function random(below) {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}
const pick = (list) => list[random(list.length)];

const PIECES = [
  "\r\n", "\r", "\n", "\r\n\r\n", " ", "\t", ":", ",", ";", "\0", "\x7f", "\xe9", "0", "1", "a",
  "/", "?", "#", "*", "\"", "%", "-", "+", "_", "@", "GET ", " HTTP/1.1", " HTTP/1.0",
  "Host: b\r\n", "Content-Length: 3\r\n", "Content-Length: 03\r\n", "Content-Length: 0\r\n",
  "Content-Length: 3, 3\r\n", "Content-Length: +3\r\n", "Content-Length : 3\r\n",
  "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
  "Transfer-Encoding: \tchunked \r\n", "Transfer-Encoding:\r\n chunked\r\n",
  "Transfer-Encoding: chunked, identity\r\n", "transfer-encoding: xchunked\r\n",
  "Connection: close\r\n", "Connection: upgrade\r\nUpgrade: x\r\n", "X: a\r\n b\r\n",
  "X-Empty:\r\n", "3\r\nabc\r\n", "3;x=y\r\nabc\r\n", "0\r\n\r\n", "0\r\nT: v\r\n\r\n",
  "03\r\nabc\r\n", "3 \r\nabc\r\n", "0x3\r\nabc\r\n", "-3\r\n", "fffffffffffffffff\r\n",
  "HTTP/1.1 204 No\r\n", "HTTP/1.1 200\r\n", "POST / HTTP/1.1\r\nHost: a\r\n",
].map((text) => Buffer.from(text, "latin1"));

const HEAD = "POST /x HTTP/1.1\r\nHost: a\r\n";
const REQUESTS = [
  `${HEAD}Content-Length: 3\r\n\r\nabc`,
  `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  `${HEAD}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n`,
  "GET http://a:80/b?c HTTP/1.1\r\nHost: a\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
];
const RESPONSES = [
  "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
  "HTTP/1.1 200 OK\r\n\r\nuntil the end",
];

function mutate(bytes) {
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(bytes.length + 1);
    const until = Math.min(bytes.length, at + random(4));
    const middle = random(4) === 0 ? Buffer.alloc(0) : pick(PIECES);
    bytes = Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(until)]);
  }
  return bytes;
}

function inputs(corpus) {
  const seeds = [];
  const add = (kind, bytes) => seeds.push({ kind, bytes });
  for (const [folder, kind] of [["http_request", "q"], ["http_response", "s"]]) {
    for (const name of readdirSync(join(corpus, folder))) {
      add(kind, readFileSync(join(corpus, folder, name)));
    }
  }
  const chunked = Buffer.from(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  for (const name of readdirSync(join(corpus, "http_chunks"))) {
    add("q", Buffer.concat([chunked, readFileSync(join(corpus, "http_chunks", name))]));
  }
  for (const text of REQUESTS) add("q", Buffer.from(text, "latin1"));
  for (const text of RESPONSES) for (const kind of "sh") add(kind, Buffer.from(text, "latin1"));
  const mutants = [];
  for (let i = 0; i < MUTANTS; i++) {
    const { kind, bytes } = pick(seeds);
    mutants.push({ kind, bytes: mutate(bytes) });
  }
  return [...seeds, ...mutants];
}

// --- the two views ------------------------------------------------------------

function ourViews(program, list) {
  const frames = list.flatMap(({ kind, bytes }) => {
    const head = Buffer.alloc(5);
    head.write(kind, "latin1");
    head.writeUInt32BE(bytes.length, 1);
    return [head, bytes];
  });
  const run = spawnSync(program, { input: Buffer.concat(frames), maxBuffer: 1 << 30 });
  if (run.status !== 0) throw new Error(`${program} ended with ${run.status}: ${run.stderr}`);
  return run.stdout.toString("latin1").trim().split("\n").map((line) => JSON.parse(line));
}

function nodeView(kind, bytes, isEnd) {
  const view = { fields: [], trailers: [], body: "", isComplete: false, error: null };
  let hasHead = false;
  const addFields = (list) => (hasHead ? view.trailers : view.fields).push(...list);
  const parser = new HTTPParser();
  const type = kind === "q" ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
  // RFC 9112 section 7.1.1 allows blanks before an extension; Node only by the
  // first. The others are what we take of responses, and of requests not.
  const { kLenientSpacesAfterChunkSize, kLenientOptionalCRBeforeLF, kLenientChunkedLength } =
    HTTPParser;
  const ofResponses = kind === "q" ? 0 : kLenientOptionalCRBeforeLF | kLenientChunkedLength;
  parser.initialize(type, {}, 1 << 20, kLenientSpacesAfterChunkSize | ofResponses);
  parser[HTTPParser.kOnHeaders] = (list) => addFields(list);
  parser[HTTPParser.kOnHeadersComplete] = (_major, minor, list, method, url, status, reason) => {
    if (list) addFields(list);
    hasHead = true;
    Object.assign(view, { minor, url, status, reason });
    view.method = kind === "q" ? METHODS[method] : "";
    return kind === "h" ? 1 : 0; // 1: no body follows
  };
  parser[HTTPParser.kOnBody] = (data, offset, len) => {
    const part = offset === undefined ? data : data.subarray(offset, offset + len);
    view.body += Buffer.from(part).toString("latin1");
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    view.isComplete = true;
  };
  let result = parser.execute(bytes);
  if (!(result instanceof Error) && isEnd) result = parser.finish() ?? result;
  if (result instanceof Error) view.error = result.code;
  parser.close();
  return view;
}

const METHODS = process.binding("http_parser").methods;

// --- the comparison -----------------------------------------------------------

// Where Node does not take what RFC 9110 and 9112 want taken, or what goes no
// further through us. Nothing else may be refused by it.
function isKnown(error, bytes, ours) {
  const text = bytes.toString("latin1");
  const framing = /^(content-length|transfer-encoding)$/i;
  return (
    // It knows a list of methods and two minor versions; we take any token, and
    // speak to HTTP/1.2 as to 1.1 (RFC 9110 section 2.5).
    error === "HPE_INVALID_METHOD" || error === "HPE_INVALID_VERSION" ||
    // It reads the grammar of chunk extensions, which we skip.
    (ours.framing === CHUNKED && text.includes(";")) ||
    // It refuses a trailer that speaks of framing, which we drop.
    ours.trailers.some((name, i) => i % 2 === 0 && framing.test(name)) ||
    // No empty element in Transfer-Encoding (section 5.6.1.2), and no tab
    // behind what frames a body (section 5.6.3).
    /^transfer-encoding:.*,/im.test(text) ||
    /^(content-length|transfer-encoding):.*\t *\r$/im.test(text) ||
    // It takes no lengths of a response that are equal (RFC 9110 section 8.6).
    (ours.method === "" && /^HPE_(INVALID|UNEXPECTED)_CONTENT_LENGTH$/.test(error)) ||
    // It waits for a body behind some interim responses.
    (ours.status >= 100 && ours.status < 200)
  );
}

const CHUNKED = 2;
const UNTIL_CLOSE = 3;
const PIPE = 4;

function difference(kind, bytes, ours) {
  const isUntilClose = ours.framing === UNTIL_CLOSE;
  const whole = nodeView(kind, bytes.subarray(0, ours.used), isUntilClose);
  if (whole.error || !whole.isComplete) {
    if (isKnown(whole.error, bytes, ours)) return null;
    return `refused by Node: ${whole.error ?? "not complete"}`;
  }
  const pairs = {
    method: [ours.method, whole.method],
    target: [ours.target, kind === "q" ? whole.url : whole.reason],
    status: [ours.status, whole.status ?? 0],
    minor: [ours.minor, whole.minor],
    fields: [ours.fields, whole.fields],
    trailers: [ours.trailers, whole.trailers],
    body: [ours.body, whole.body],
  };
  for (const [name, [a, b]] of Object.entries(pairs)) {
    if (JSON.stringify(a) !== JSON.stringify(b)) {
      return `${name}: ${JSON.stringify(a)} to us, ${JSON.stringify(b)} to Node`;
    }
  }
  const shorter = nodeView(kind, bytes.subarray(0, ours.used - 1), false);
  if (!isUntilClose && shorter.isComplete) return "complete to Node a byte earlier";
  return null;
}

function main(program, corpus) {
  const list = inputs(corpus);
  const views = ourViews(program, list);
  const counts = { whole: 0, more: 0, error: 0 };
  let failures = 0;
  list.forEach(({ kind, bytes }, i) => {
    const ours = views[i];
    counts[ours.verdict]++;
    let problem = null;
    if (ours.verdict === "whole") problem = difference(kind, bytes, ours);
    if (ours.verdict === "more" && nodeView(kind, bytes, false).isComplete) {
      problem = "complete to Node, not to us";
    }
    if (problem && ++failures <= 10) {
      console.log(`${problem}\n  ${kind} ${JSON.stringify(bytes.toString("latin1"))}`);
    }
  });
  console.log(
    `${list.length} inputs: ${counts.whole} taken, ${counts.more} incomplete, ` +
      `${counts.error} refused; ${failures} seen differently by llhttp ${LLHTTP}`,
  );
  // A comparison of refusals only would show nothing.
  process.exit(failures > 0 || counts.whole < MUTANTS / 20 ? 1 : 0);
}

main(...process.argv.slice(2));
