// Offers that nobody has answered are said again, for a while.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Repeats } from "../../web/tunnel/repeat.js";

// --- a clock of our own: one timer each, by its time ---

let now = 0;
const timers = new Map();
globalThis.setTimeout = (call, ms) => {
    const timer = {};
    timers.set(timer, { call, at: now + ms });
    return timer;
};
globalThis.clearTimeout = (timer) => timers.delete(timer);

function passTo(time) {
    for (;;) {
        const [timer, next] = [...timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
        if (!timer || next.at > time) break;
        timers.delete(timer);
        now = next.at;
        next.call();
    }
    now = time;
}

function begin() {
    now = 0;
    const said = [];
    const repeats = new Repeats();
    const add = (peer, type, sdp) =>
        repeats.add(peer, { type, sdp }, ({ sdp: text }) => said.push(`${now} ${peer} ${text}`));
    return { repeats, said, add };
}

test("an offer and its candidates, three times", () => {
    const { said, add } = begin();
    add("p", "offer", "o");
    passTo(100);
    add("p", "candidate", "c");
    passTo(100_000);
    assert.deepEqual(said, [
        ...["3000 p o", "3000 p c"],
        ...["9000 p o", "9000 p c"],
        ...["21000 p o", "21000 p c"],
    ]);
    assert.equal(timers.size, 0);
});

test("whoever was heard is told nothing again, nor is of a newer offer the one before", () => {
    const { repeats, said, add } = begin();
    add("p", "offer", "o1");
    add("q", "offer", "o2");
    repeats.forget("p");
    add("p", "candidate", "of an offer that was answered");
    passTo(1_000);
    add("q", "offer", "o3");
    add("q", "answer", "to one of its own");
    passTo(4_000);
    assert.deepEqual(said, ["4000 q o3"]);
    repeats.forgetAll();
    assert.equal(timers.size, 0);
});
