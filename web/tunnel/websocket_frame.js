// Frames of RFC 6455 section 5.2, from the client's end: its own are masked, and
// the server's are not.
//
//    0        1        2 .. 4 or 10                + 4 of ours
//   +--------+--------+---------------------------+----------+---------
//   | F  op  | M len  |  extended length, or none |   mask   | payload
//   +--------+--------+---------------------------+----------+---------

import { ByteQueue } from "./byte_queue.js";
import { join, viewOf } from "./bytes.js";

export const Opcode = Object.freeze({
    CONTINUATION: 0,
    TEXT: 1,
    BINARY: 2,
    CLOSE: 8,
    PING: 9,
    PONG: 10,
});

const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const CONTROL_MAX = 125;
/** Of a message, so that a server cannot fill our memory. */
export const MESSAGE_MAX = 64 << 20;

/** @param {number} opcode @param {Uint8Array} payload */
export function encodeWebSocketFrame(opcode, payload) {
    const { length } = payload;
    const extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
    const frame = new Uint8Array(2 + extended + 4 + length);
    const view = viewOf(frame);
    frame[0] = FINAL | opcode;
    frame[1] = MASKED | (extended === 0 ? length : extended === 2 ? 126 : 127);
    if (extended === 2) view.setUint16(2, length);
    if (extended === 8) view.setBigUint64(2, BigInt(length));
    const mask = crypto.getRandomValues(frame.subarray(2 + extended, 6 + extended));
    const start = 6 + extended;
    for (let i = 0; i < length; i++) frame[start + i] = payload[i] ^ mask[i & 3];
    return frame;
}

/**
 * @typedef {object} WebSocketFrame
 * @property {number} opcode
 * @property {boolean} isFinal
 * @property {number} length
 */

/** What is wrong with the frame, as a close code; 0 for nothing.
 * @param {WebSocketFrame & {bits: number}} frame @param {boolean} isInMessage
 * @param {number} before */
function wrong({ bits, opcode, isFinal, length }, isInMessage, before) {
    const isControl = opcode >= Opcode.CLOSE;
    if (bits & RESERVED || opcode > Opcode.PONG || (opcode > Opcode.BINARY && !isControl))
        return 1002;
    if (isControl) return isFinal && length <= CONTROL_MAX ? 0 : 1002;
    if ((opcode === Opcode.CONTINUATION) !== isInMessage) return 1002;
    return before + length > MESSAGE_MAX ? 1009 : 0;
}

/** Takes a server's bytes apart, in whatever pieces they come. */
export class WebSocketDecoder {
    #queue = new ByteQueue();
    /** @type {(WebSocketFrame & {bits: number}) | null} */
    #frame = null; // whose payload is yet to come
    /** @type {Uint8Array[]} */
    #parts = []; // of the message
    #partsLength = 0;
    #messageOpcode = 0;

    /** @param {(opcode: number, payload: Uint8Array) => void} onmessage  a whole
     *     message, or a control frame @param {(code: number) => void} onerror  the
     *     server broke the rules: why, as a close code; nothing more is to be fed */
    constructor(onmessage, onerror) {
        this.onmessage = onmessage;
        this.onerror = onerror;
        this.isBroken = false;
    }

    /** Keeps the bytes. @param {Uint8Array} bytes */
    feed(bytes) {
        this.#queue.push(bytes);
        while (!this.isBroken && this.#step());
    }

    /** A head, or a payload. False when it is not whole yet. */
    #step() {
        if (!this.#frame) return this.#takeHead();
        const frame = this.#frame;
        if (this.#queue.length < frame.length) return false;
        const payload = new Uint8Array(frame.length);
        this.#queue.take(payload);
        this.#frame = null;
        this.#onFrame(frame, payload);
        return true;
    }

    #takeHead() {
        const start = this.#queue.peek(2);
        if (!start) return false;
        const short = start[1] & 0x7f;
        const size = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
        const head = this.#queue.peek(size);
        if (!head) return false;
        this.#queue.take(new Uint8Array(size));
        const view = viewOf(head);
        const length =
            size === 2 ? short : size === 4 ? view.getUint16(2) : Number(view.getBigUint64(2));
        const bits = head[0];
        const frame = { bits, opcode: bits & 0x0f, isFinal: (bits & FINAL) !== 0, length };
        const code =
            head[1] & MASKED ? 1002 : wrong(frame, this.#messageOpcode !== 0, this.#partsLength);
        if (code !== 0) this.#break(code);
        this.#frame = frame;
        return true;
    }

    /** @param {WebSocketFrame} frame @param {Uint8Array} payload */
    #onFrame({ opcode, isFinal }, payload) {
        if (opcode >= Opcode.CLOSE) return this.onmessage(opcode, payload);
        if (opcode !== Opcode.CONTINUATION) this.#messageOpcode = opcode;
        if (payload.length > 0) this.#parts.push(payload);
        this.#partsLength += payload.length;
        if (!isFinal) return;
        const whole = join(...this.#parts);
        const kind = this.#messageOpcode;
        this.#parts = [];
        this.#partsLength = this.#messageOpcode = 0;
        this.onmessage(kind, whole);
    }

    /** @param {number} code */
    #break(code) {
        this.isBroken = true;
        this.onerror(code);
    }
}
