// Frames: what one data channel message holds (docs/PROTOCOL.md, "Frames").
//
//    0        1        2        3        4        5
//   +--------+--------+--------+--------+--------+----------- ...
//   |  type  |       stream id, big-endian       |  payload
//   +--------+--------+--------+--------+--------+----------- ...

import { viewOf } from "./bytes.js";

export const FrameType = Object.freeze({
    HELLO: 1,
    AGREE: 2,
    PING: 3,
    PONG: 4,
    BUNDLE: 5,
    REQ_HEADERS: 10,
    REQ_BODY: 11,
    REQ_END: 12,
    RES_HEADERS: 20,
    RES_BODY: 21,
    RES_END: 22,
    RES_INTERIM: 23,
    WINDOW: 30,
    ERROR: 99,
});

export const HEADER = 5;
export const FRAME_MAX = 65536;
export const BODY_MAX = 65536 - 128; // payload of REQ_BODY and RES_BODY

/** @type {Map<number, string>} */
const names = new Map(Object.entries(FrameType).map(([name, type]) => [type, name]));

/** @param {number} type */
export const frameName = (type) => names.get(type) ?? "unknown";

/** A frame whose payload is yet to be written.
 * @param {number} type @param {number} streamId @param {number} length */
export function newFrame(type, streamId, length) {
    const frame = new Uint8Array(HEADER + length);
    frame[0] = type;
    viewOf(frame).setUint32(1, streamId);
    return frame;
}

/** @param {number} type @param {number} streamId @param {Uint8Array} [payload] */
export function encodeFrame(type, streamId, payload = new Uint8Array(0)) {
    const frame = newFrame(type, streamId, payload.length);
    frame.set(payload, HEADER);
    return frame;
}

/** The payload points into the message. Null for one that is shorter than a
 * header or longer than a frame. @param {Uint8Array} message */
export function decodeFrame(message) {
    if (message.length < HEADER || message.length > FRAME_MAX) return null;
    return {
        type: message[0],
        streamId: viewOf(message).getUint32(1),
        payload: message.subarray(HEADER),
    };
}
