// One exchange, as its user sees it, from the consumer's end.
//
//   mux.open -> write* -> end
//   onhead -> onbody* -> onend | onerror
//
// A response whose framing is a pipe (101) makes the stream one: each direction
// has an end of its own, and the stream is over when both have ended.

import { ByteQueue } from "./byte_queue.js";
import { FrameType } from "./frame.js";
import { Framing } from "./fields.js";
import { Flow } from "./mux_flow.js";
import { StreamError } from "./stream_error.js";
import { viewOf } from "./bytes.js";

/** @typedef {import("./fields.js").Field} Field */
/** @typedef {"head" | "body" | "ended"} Half  where a direction has got to */

/**
 * @typedef {object} StreamHandlers  after onerror the stream is gone, and after
 *     onend when both directions are over
 * @property {(head: import("./fields.js").ResponseHead) => void} onhead
 * @property {(bytes: Uint8Array) => void} onbody
 * @property {(trailers: Field[]) => void} onend
 * @property {(code: number, text: string) => void} onerror
 * @property {() => void} ondrain  writable again, after isWritable() said no
 */

const QUEUE_HIGH = 64 << 10; // a writer stops when its queue is over this: one frame
const QUEUE_LOW = 16 << 10; // ondrain comes when it falls to this

export class MuxStream {
    /** @param {import("./mux.js").Mux} mux @param {number} id @param {number} framing
     * @param {Uint8Array} head @param {StreamHandlers} handlers */
    constructor(mux, id, framing, head, handlers) {
        this.mux = mux;
        this.id = id;
        this.channel = mux.channelOf(id);
        this.framing = framing; // the request's
        this.handlers = handlers;
        this.isOpen = true;
        this.isPipe = false;
        this.isDetached = false; // only has to go out: no handlers
        /** @type {Half} */
        this.given = "body"; // by our user
        /** @type {Half} */
        this.sent = "head"; // of that, to the other side
        /** @type {Half} */
        this.received = "head"; // from there
        /** @type {Uint8Array | null} */
        this.head = head; // until it is sent
        this.queue = new ByteQueue();
        /** @type {Set<MuxStream> | null} */
        this.place = null; // where it waits for its turn
        this.flow = new Flow(mux.flowSession, mux.peerWindow);
        this.isDrainOwed = false;
    }

    /** Content of our body; the bytes are borrowed. @param {Uint8Array} bytes */
    write(bytes) {
        if (!this.isOpen || this.given === "ended") return;
        const rest = bytes.subarray(this.mux.sender.writeThrough(this, bytes));
        if (rest.length === 0) return;
        this.queue.push(rest.slice());
        this.mux.sender.lineUp(this);
    }

    /** While false, a writer should stop; ondrain follows. */
    isWritable() {
        if (this.queue.length <= QUEUE_HIGH && this.queue.length < this.flow.credit) return true;
        this.isDrainOwed = true;
        return false;
    }

    /** Our body is complete. */
    end() {
        if (!this.isOpen || this.given === "ended") return;
        this.given = "ended";
        if (this.isPipe && this.received === "ended") this.#detach();
        this.mux.sender.lineUp(this);
    }

    /** Ends the stream with an ERROR; what it had queued is dropped. No handler
     * is called. @param {number} code @param {string} text */
    cancel(code, text) {
        if (!this.isOpen) return;
        const isKnown = this.sent !== "head"; // else the other side knows of no such stream
        this.mux.close(this);
        if (isKnown) this.mux.sendError(this.id, code, text);
    }

    /** So many bytes of what onbody gave the user still holds: to be called after
     * each onbody, and when that falls to HELD_LOW. @param {number} held @param {number} now */
    setHeld(held, now) {
        if (!this.isOpen || this.received === "ended") return;
        const increment = this.flow.hold(held, now);
        if (increment === 0) return;
        const payload = new Uint8Array(4);
        viewOf(payload).setUint32(0, increment);
        this.mux.sender.control(0, FrameType.WINDOW, this.id, payload);
    }

    // --- for the mux alone ---

    checkDrain() {
        const { queue } = this;
        if (!this.isDrainOwed || queue.length > QUEUE_LOW || queue.length >= this.flow.credit)
            return;
        this.isDrainOwed = false;
        if (this.isOpen && this.given !== "ended") this.handlers.ondrain();
    }

    /** The response is complete. The provider waits for no content that the head
     * did not announce. @param {Field[]} trailers */
    finish(trailers) {
        const { framing, id, mux } = this;
        this.received = "ended";
        if (!this.isPipe) {
            const hasContent = framing === Framing.LENGTH || framing === Framing.UNKNOWN;
            const isCut = hasContent && this.sent !== "ended";
            mux.close(this);
            if (isCut)
                mux.sendError(
                    id,
                    StreamError.CANCELLED,
                    "the response was complete before the request",
                );
        } else if (this.given === "ended") {
            this.#detach();
        }
        this.handlers.onend(trailers);
    }

    /** Nothing more is read from the other side. */
    #detach() {
        this.isDetached = true;
        if (this.sent === "ended") this.mux.close(this);
    }
}
