// Several frames in one message: a BUNDLE (docs/PROTOCOL.md, "bundle").
//
//    0        1        2       2+n
//   +--------+--------+--- n --+
//   |    length n     | frame  |   and so on
//   +--------+--------+--------+

import { join, viewOf } from "./bytes.js";
import { FrameType, HEADER, encodeFrame } from "./frame.js";

const LENGTH = 2;
/** As sent, with the header: it fits a packet. */
const BUNDLE_MAX = 1024;

/** Frames that are to leave together. */
export class Bundle {
    /** @type {Uint8Array[]} */
    #frames = [];
    #length = HEADER; // of the message

    get isEmpty() {
        return this.#frames.length === 0;
    }

    /** @param {Uint8Array} frame */
    hasRoom(frame) {
        return this.#length + LENGTH + frame.length <= BUNDLE_MAX;
    }

    /** @param {Uint8Array} frame */
    add(frame) {
        this.#frames.push(frame);
        this.#length += LENGTH + frame.length;
    }

    /** The message, and empties it; a single frame is one itself. */
    take() {
        const frames = this.#frames;
        this.#frames = [];
        this.#length = HEADER;
        if (frames.length === 1) return frames[0];
        const parts = frames.flatMap((frame) => [
            Uint8Array.of(frame.length >> 8, frame.length),
            frame,
        ]);
        return encodeFrame(FrameType.BUNDLE, 0, join(...parts));
    }
}

/** The frames of a payload; null where that is malformed.
 * @param {Uint8Array} payload */
export function splitBundle(payload) {
    const frames = [];
    for (let rest = payload; rest.length > 0;) {
        const length = rest.length < LENGTH ? 0 : viewOf(rest).getUint16(0);
        const frame = rest.subarray(LENGTH, LENGTH + length);
        if (length < HEADER || frame.length < length || frame[0] === FrameType.BUNDLE) return null;
        frames.push(frame);
        rest = rest.subarray(LENGTH + length);
    }
    return frames.length > 0 ? frames : null;
}
