// Frames of WebSocket as the browser's side writes and reads them.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./webcrypto.mjs";

import { hex, utf8 } from "../../web/tunnel/bytes.js";
import {
    Opcode,
    WebSocketDecoder,
    encodeWebSocketFrame,
} from "../../web/tunnel/websocket_frame.js";

/** What a server sends. */
function served(first, payload) {
    const { length } = payload;
    const size =
        length < 126
            ? [length]
            : length < 65536
              ? [126, length >> 8, length & 255]
              : [
                    127,
                    0,
                    0,
                    0,
                    0,
                    length >>> 24,
                    (length >> 16) & 255,
                    (length >> 8) & 255,
                    length & 255,
                ];
    return Uint8Array.from([first, ...size, ...payload]);
}

function decoder() {
    const seen = [];
    const its = new WebSocketDecoder(
        (opcode, payload) => seen.push([opcode, Buffer.from(payload).toString()]),
        (code) => seen.push(["error", code]),
    );
    return { its, seen };
}

test("what is sent is masked, and as long as it says", () => {
    for (const length of [0, 5, 125, 126, 65535, 65536, 70000]) {
        const payload = new Uint8Array(length).map((_, i) => i);
        const frame = encodeWebSocketFrame(Opcode.BINARY, payload);
        const extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
        assert.equal(frame.length, 2 + extended + 4 + length);
        assert.equal(frame[0], 0x82);
        assert.equal(frame[1], 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127));
        const start = 6 + extended;
        const mask = frame.subarray(2 + extended, start);
        assert.equal(hex(frame.subarray(start).map((byte, i) => byte ^ mask[i & 3])), hex(payload));
    }
});

test("a message in pieces, with a ping between them, byte by byte", () => {
    const bytes = [
        ...served(0x01, utf8("he")),
        ...served(0x89, utf8("?")),
        ...served(0x00, utf8("ll")),
        ...served(0x80, utf8("o")),
        ...served(0x82, new Uint8Array(300).fill(65)),
    ];
    for (const step of [1, 7, bytes.length]) {
        const { its, seen } = decoder();
        for (let at = 0; at < bytes.length; at += step)
            its.feed(Uint8Array.from(bytes.slice(at, at + step)));
        assert.deepEqual(seen, [
            [9, "?"],
            [1, "hello"],
            [2, "A".repeat(300)],
        ]);
    }
});

const wrong = [
    ["a masked frame", [0x81, 0x80, 0, 0, 0, 0], 1002],
    ["a reserved bit", [0xc1, 0], 1002],
    ["an unknown opcode", [0x83, 0], 1002],
    ["an unknown control opcode", [0x8b, 0], 1002],
    ["a ping in pieces", [0x09, 0], 1002],
    ["a long ping", [0x89, 126, 0, 126], 1002],
    ["a continuation of nothing", [0x80, 0], 1002],
    ["a message within a message", [0x01, 0, 0x81, 0], 1002],
    ["a message over the maximum", [0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0], 1009],
    ["a length of 63 bits", [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255], 1009],
];
for (const [what, bytes, code] of wrong) {
    test(`${what} is the end`, () => {
        const { its, seen } = decoder();
        its.feed(Uint8Array.from(bytes));
        its.feed(served(0x81, utf8("more")));
        assert.deepEqual(seen, [["error", code]]);
    });
}
