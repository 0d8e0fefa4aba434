// usage: eventsource.mjs BASE-URL
// The eventsource package: events as they come, and the reconnection behind
// the end of a response, with the id of the last event.
import assert from "node:assert/strict";
import { EventSource } from "eventsource";
import { open } from "./common.mjs";

const [base] = process.argv.slice(2);
const source = new EventSource(`${base}/events/sse`);
const first = await new Promise((resolve) => (source.onmessage = resolve));
assert.deepEqual([first.lastEventId, first.data], ["1", "first"]);

const [second, last] = [
  new Promise((resolve) => (source.onmessage = resolve)),
  new Promise((resolve) => source.addEventListener("last", resolve)),
];
await open(base, "sse");
assert.deepEqual((await second).data, "second\nof two lines: é€");
assert.deepEqual((await last).data, "after 2");
source.close();
console.log("done");
