// The stories of tests/tunnel/mux_stories.json, told to the browser's
// multiplexer. tests/tunnel/mux_stories_test.c tells them to the C one, and says
// what a step is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { hex, latin1, utf8 } from "../../web/tunnel/bytes.js";
import { FrameType, decodeFrame, encodeFrame, frameName } from "../../web/tunnel/frame.js";
import { Mux } from "../../web/tunnel/mux.js";
import { StreamError } from "../../web/tunnel/stream_error.js";

const CAPACITY = 1 << 20;
const PREFIX = 5; // in front of each message that waits, where C has it
const SHOWN_MAX = 200;

function payloadOf(text) {
    if (text.startsWith("zeros:")) return new Uint8Array(Number(text.slice(6)));
    if (!text.startsWith("hex:")) return utf8(text);
    return Uint8Array.from(text.slice(4).match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function show(payload) {
    if (payload.length > SHOWN_MAX) return `${payload.length} bytes`;
    return payload.every((byte) => byte >= 0x20 && byte < 0x7f)
        ? latin1(payload)
        : `hex:${hex(payload)}`;
}

class Teller {
    constructor() {
        this.now = 1000;
        this.streams = [];
        this.startAnew();
    }

    startAnew() {
        this.told = "";
        this.out = []; // channel and frame
        this.capacity = CAPACITY;
        this.bodyBytes = 0;
        this.drainCount = 0;
        this.mux = new Mux({
            send: (channel, frame) => this.out.push([channel, frame]),
            canSend: () => this.outBytes() < this.capacity,
            endTurnLater: () => {},
            onready: () => this.tell("ready"),
            onrtt: () => {},
            onalive: () => this.tell("alive"),
            onstreamclosed: () => {},
            ondead: (text, isWrongRole) =>
                this.tell(`dead${isWrongRole ? " (role)" : ""}: ${text}`),
            onnote: (kind, text) => this.tell(`${kind} ${text}`),
        });
    }

    outBytes() {
        return this.out.reduce((bytes, [, frame]) => bytes + PREFIX + frame.length, 0);
    }

    tell(text) {
        this.told += `${text}; `;
    }

    takeSent() {
        const lines = this.out.map(([channel, bytes]) => {
            const { type, streamId, payload } = decodeFrame(bytes);
            return `${channel} ${frameName(type)} ${streamId} ${show(payload)}; `;
        });
        this.out = [];
        return lines.join("");
    }

    open(head) {
        const isQuiet = (code) => code === StreamError.UNSPECIFIED || code === StreamError.SESSION;
        const stream = this.mux.open(
            { method: "GET", ...head },
            {
                onhead: ({ status }) => this.tell(`head ${status}`),
                onbody: (bytes) => {
                    this.bodyBytes += bytes.length;
                    if (bytes.length < 16) this.tell(`body ${latin1(bytes)}`);
                },
                onend: (trailers) => {
                    this.tell("end");
                    for (const [name] of trailers) this.tell(`trailer ${name}`);
                },
                onerror: (code, text) =>
                    this.tell(isQuiet(code) ? `error ${text}` : `error ${code} ${text}`),
                ondrain: () => this.drainCount++,
            },
        );
        this.streams[stream.id] = stream;
    }

    runUntil(until) {
        this.now = until;
        for (let at; (at = this.mux.deadline()) <= until;) this.mux.onDeadline(at);
    }
}

const steps = {
    start: (t, promise) => t.mux.start(promise ? utf8(promise) : null, t.now),
    "start-over": (t, promise) => {
        t.startAnew();
        steps.start(t, promise);
    },
    begin: (t, agree) => {
        steps.start(t, "");
        steps.feed(t, 0, "AGREE", 0, agree);
        steps.told(t, "ready; ");
        t.mux.endTurn();
        t.takeSent();
    },
    feed: (t, channel, type, id, payload) => {
        const number = FrameType[type] ?? type;
        t.mux.feed(channel, encodeFrame(number, id, payloadOf(payload)), t.now);
    },
    raw: (t, channel, message) => t.mux.feed(channel, payloadOf(message), t.now),
    flood: (t, count) => {
        for (let i = 0; i < count; i++) steps.feed(t, 0, "PING", 0, "");
    },
    open: (t, target, framing) => t.open({ target, framing, fields: [] }),
    "open-pipe": (t, target, protocol) =>
        t.open({ target, framing: 3, fields: [["Upgrade", protocol]] }),
    write: (t, id, payload) => t.streams[id].write(payloadOf(payload)),
    held: (t, id, held) => t.streams[id].setHeld(held, t.now),
    end: (t, id) => t.streams[id].end(),
    cancel: (t, id, text) => t.streams[id].cancel(StreamError.CANCELLED, text),
    room: (t, bytes) => (t.capacity = bytes),
    flush: (t) => t.mux.flush(),
    turn: (t) => t.mux.endTurn(),
    at: (t, ms) => t.runUntil(ms),
    probe: (t) => t.mux.probe(t.now),
    fail: (t, text) => t.mux.fail(text),
    sent: (t, wanted) => assert.equal(t.takeSent(), wanted),
    "sent-any": (t) => t.takeSent(),
    told: (t, wanted) => {
        assert.equal(t.told, wanted);
        t.told = "";
    },
    streams: (t, count) => assert.equal(t.mux.streams.size, count),
    bodies: (t, bytes) => assert.equal(t.bodyBytes, bytes),
    drains: (t, count) => assert.equal(t.drainCount, count),
    writable: (t, id, wanted) => assert.equal(t.streams[id].isWritable(), wanted),
    deadline: (t, ms) => assert.equal(t.mux.deadline(), ms < 0 ? Infinity : ms),
};

const stories = JSON.parse(
    readFileSync(new URL("../tunnel/mux_stories.json", import.meta.url), "utf8"),
);
for (const story of stories) {
    test(story.name, () => {
        const teller = new Teller();
        for (const [step, ...rest] of story.steps) steps[step](teller, ...rest);
    });
}
