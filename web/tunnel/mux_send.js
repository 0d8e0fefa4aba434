// What goes out, and in which order.
//
//   channel 0   control ─┐                    PING, PONG, WINDOW, HELLO
//   channel 1   control ─┼─ heads and ends ─┐ ERROR; HEADERS, END
//   channel n   control ─┘                  ├──► channels
//   all                        bodies ──────┘ a frame each in turn
//
// A stream stands in one place at most. A body without credit stands nowhere,
// until a WINDOW comes. As src/tunnel/mux_send.c; but each channel of a browser
// has a queue of its own, so a body whose channel is full lets others pass.
//
// With `bundle`, what is small and sent in one turn on one channel leaves when
// that ends, as one message. What is large goes at once, behind it.

import { Bundle } from "./bundle.js";
import { BODY_MAX, FrameType, HEADER, encodeFrame, newFrame } from "./frame.js";

/** @typedef {import("./mux_stream.js").MuxStream} MuxStream */

/**
 * @typedef {object} Line  of one channel
 * @property {Uint8Array[]} control
 * @property {Set<MuxStream>} urgent
 * @property {Bundle} bundle  what leaves when the turn ends
 */

/**
 * @typedef {object} Outlet
 * @property {(channel: number, frame: Uint8Array) => void} send
 * @property {(channel: number, isBulk: boolean) => boolean} canSend
 * @property {() => void} endTurnLater  endTurn() is wanted when all is said
 */

/** Frames that an end makes us queue by pings and the like; over it: dead. */
export const CONTROL_MAX = 1 << 20;
const CHANNELS_MAX = 32;
const LENGTH = 4; // in front of each that waits, where C has them: the bound is the same

export class Sender {
    /** @param {Outlet} outlet @param {() => boolean} hasBundle @param {() => void} onOverflow */
    constructor(outlet, hasBundle, onOverflow) {
        this.outlet = outlet;
        this.hasBundle = hasBundle;
        this.onOverflow = onOverflow;
        /** @type {Line[]} */
        this.lines = Array.from({ length: CHANNELS_MAX + 1 }, () => ({
            control: [],
            urgent: new Set(),
            bundle: new Bundle(),
        }));
        this.isTurnEndDue = false;
        /** @type {Set<MuxStream>} */
        this.bulk = new Set();
        this.channels = 0; // in use beside the first
        this.controlBytes = 0;
        this.waiting = 0; // streams in lines and in bulk
        this.isFlushing = false;
        this.isShut = false;
    }

    /** @param {number} channel @param {boolean} isBulk */
    canSend(channel, isBulk) {
        return !this.isShut && this.outlet.canSend(channel, isBulk);
    }

    /** A frame ahead of all streams of its channel.
     * @param {number} channel @param {number} type @param {number} id
     * @param {Uint8Array} [payload] */
    control(channel, type, id, payload) {
        if (this.isShut) return;
        const line = this.lines[channel];
        const frame = encodeFrame(type, id, payload);
        if (line.control.length === 0 && this.canSend(channel, false)) {
            this.#put(channel, frame);
        } else if (this.controlBytes + LENGTH + frame.length > CONTROL_MAX) {
            this.onOverflow();
        } else {
            line.control.push(frame);
            this.controlBytes += LENGTH + frame.length;
        }
    }

    /** The stream has something new to send, or may send again.
     * @param {MuxStream} stream */
    lineUp(stream) {
        this.#takePlace(stream);
        this.flush();
    }

    /** @param {MuxStream} stream */
    leave(stream) {
        if (stream.place?.delete(stream)) this.waiting--;
        stream.place = null;
    }

    /** Sends frames straight from the caller's bytes while nobody waits; how
     * many bytes went. @param {MuxStream} stream @param {Uint8Array} bytes */
    writeThrough(stream, bytes) {
        let sent = 0;
        if (this.isFlushing || this.controlBytes > 0 || this.waiting > 0 || stream.queue.length > 0)
            return 0;
        while (
            sent < bytes.length &&
            stream.flow.credit > 0 &&
            this.canSend(stream.channel, true)
        ) {
            const part = bytes.subarray(sent, sent + Math.min(BODY_MAX, stream.flow.credit));
            this.#put(stream.channel, encodeFrame(FrameType.REQ_BODY, stream.id, part));
            stream.flow.credit -= part.length;
            sent += part.length;
        }
        return sent;
    }

    flush() {
        if (this.isFlushing) return;
        this.isFlushing = true;
        do {
            for (let channel = 0; channel <= this.channels; channel++) this.#flushLine(channel);
        } while (this.#flushOneBody());
        this.isFlushing = false;
    }

    /** All that this turn has to say is said. */
    endTurn() {
        this.isTurnEndDue = false;
        for (let channel = 0; channel <= this.channels; channel++) this.#sendBundle(channel);
    }

    /** @param {number} channel */
    #sendBundle(channel) {
        const { bundle } = this.lines[channel];
        if (!bundle.isEmpty) this.outlet.send(channel, bundle.take());
    }

    /** Sends a frame, now or when the turn ends.
     * @param {number} channel @param {Uint8Array} frame */
    #put(channel, frame) {
        const { bundle } = this.lines[channel];
        if (!bundle.hasRoom(frame)) this.#sendBundle(channel);
        if (!this.hasBundle() || !bundle.hasRoom(frame)) {
            this.outlet.send(channel, frame);
            return;
        }
        bundle.add(frame);
        if (this.isTurnEndDue) return;
        this.isTurnEndDue = true;
        this.outlet.endTurnLater();
    }

    /** @param {MuxStream} stream */
    #placeOf(stream) {
        const { urgent } = this.lines[stream.channel];
        if (stream.head) return urgent;
        if (stream.queue.length > 0) return stream.flow.credit > 0 ? this.bulk : null;
        return stream.given === "ended" && stream.sent !== "ended" ? urgent : null;
    }

    /** @param {MuxStream} stream */
    #takePlace(stream) {
        const place = stream.isOpen ? this.#placeOf(stream) : null;
        if (place === stream.place) return;
        this.leave(stream);
        stream.place = place;
        if (place) {
            place.add(stream);
            this.waiting++;
        }
    }

    /** @param {number} channel */
    #flushLine(channel) {
        const line = this.lines[channel];
        while (line.control.length > 0 && this.canSend(channel, false)) {
            const frame = /** @type {Uint8Array} */ (line.control.shift());
            this.controlBytes -= LENGTH + frame.length;
            this.#put(channel, frame);
        }
        for (const stream of line.urgent) {
            if (!this.canSend(channel, false)) break;
            this.#sendUrgent(stream);
        }
    }

    /** A head, or the end. @param {MuxStream} stream */
    #sendUrgent(stream) {
        this.leave(stream);
        if (stream.head) {
            this.#put(stream.channel, stream.head);
            stream.head = null;
            stream.sent = "body";
        } else {
            this.#put(stream.channel, encodeFrame(FrameType.REQ_END, stream.id));
            stream.sent = "ended";
            if (stream.isDetached) stream.mux.close(stream);
        }
        this.#takePlace(stream);
    }

    #flushOneBody() {
        for (const stream of this.bulk) {
            if (!this.canSend(stream.channel, true)) continue;
            this.#sendBody(stream);
            return true;
        }
        return false;
    }

    /** The stream is in line again before it is told to go on, under which it
     * may end. @param {MuxStream} stream */
    #sendBody(stream) {
        this.leave(stream);
        const length = Math.min(stream.queue.length, stream.flow.credit, BODY_MAX);
        const frame = newFrame(FrameType.REQ_BODY, stream.id, length);
        stream.queue.take(frame.subarray(HEADER));
        stream.flow.credit -= length;
        this.#put(stream.channel, frame);
        this.#takePlace(stream);
        stream.checkDrain();
    }
}
