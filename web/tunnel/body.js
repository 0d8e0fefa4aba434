// Bodies of fetch(), both ways, each as a stream that waits for who is slow.

import { Framing } from "./fields.js";
import { HELD_LOW } from "./mux_flow.js";
import { ByteQueue } from "./byte_queue.js";
import { Gunzip } from "./gunzip.js";

/** @typedef {import("./mux_stream.js").MuxStream} MuxStream */

/**
 * @typedef {object} RequestBody
 * @property {number} framing
 * @property {number} length  where the framing has one
 * @property {string | null} type  the Content-Type that goes with it
 * @property {boolean} isReplayable  it can be sent once more
 * @property {() => ReadableStream<Uint8Array> | null} open
 */

/** @param {BodyInit | null | undefined} init @returns {Promise<RequestBody>} */
export async function requestBody(init) {
    if (init === null || init === undefined)
        return {
            framing: Framing.NONE,
            length: 0,
            type: null,
            isReplayable: true,
            open: () => null,
        };
    if (init instanceof ReadableStream)
        return {
            framing: Framing.UNKNOWN,
            length: 0,
            type: null,
            isReplayable: false,
            open: () => init,
        };
    const response = new Response(init);
    const type = response.headers.get("content-type");
    // The bytes of all but a stream are there already; a Blob's may be on the disk.
    const blob = init instanceof Blob ? init : await response.blob();
    return {
        framing: Framing.LENGTH,
        length: blob.size,
        type,
        isReplayable: true,
        open: () => blob.stream(),
    };
}

/** Calls `wake` when the stream may be written to again. */
export class Gate {
    /** @type {(() => void) | null} */
    #open = null;

    open() {
        this.#open?.();
        this.#open = null;
    }

    wait() {
        return new Promise(
            (/** @type {(value: void) => void} */ resolve) => (this.#open = resolve),
        );
    }
}

/** Sends it to its end. The gate opens when the stream drains, or is over.
 * @param {ReadableStream<Uint8Array>} body @param {MuxStream} stream @param {Gate} gate
 * @param {import("./session.js").Session} session */
export async function sendBody(body, stream, gate, session) {
    const reader = body.getReader();
    try {
        for (;;) {
            const { value, done } = await reader.read();
            if (done || !stream.isOpen) break;
            if (!(value instanceof Uint8Array))
                throw new TypeError("a body's chunks must be Uint8Arrays");
            session.use(() => stream.write(value));
            while (stream.isOpen && !stream.isWritable()) await gate.wait();
        }
        session.use(() => stream.end());
    } finally {
        reader.cancel().catch(() => {}); // nobody wants what is left
    }
}

/** The response's body: what its reader has not taken is held back at the other
 * side. */
export class ResponseBody {
    #queue = new ByteQueue();
    /** @type {ReadableStreamDefaultController<Uint8Array> | null} */
    #controller = null;
    #isEnded = false;
    #wanted = false;
    /** @type {unknown} */
    error = null; // why it is not whole

    /** @param {import("./session.js").Session} session @param {() => MuxStream} stream
     * @param {(reason: unknown) => void} oncancel */
    constructor(session, stream, oncancel) {
        this.session = session;
        this.stream = stream;
        this.readable = new ReadableStream(
            {
                start: (controller) => {
                    this.#controller = controller;
                },
                pull: () => {
                    this.#wanted = true;
                    this.#deliver();
                },
                cancel: (reason) => {
                    this.#queue.clear();
                    oncancel(reason);
                },
            },
            { highWaterMark: 0 },
        );
    }

    /** @param {Uint8Array} bytes */
    push(bytes) {
        this.#queue.push(bytes);
        this.#deliver();
        this.#tellHeld();
    }

    end() {
        this.#isEnded = true;
        this.#deliver();
    }

    /** What came before it is dropped, as fetch() does. @param {unknown} error */
    fail(error) {
        this.#isEnded = true;
        this.error = error;
        this.#queue.clear();
        this.#controller?.error(error);
        this.#controller = null;
    }

    #deliver() {
        if (!this.#controller) return;
        if (this.#wanted && this.#queue.length > 0) {
            this.#wanted = false;
            this.#controller.enqueue(this.#queue.shift());
            if (this.#queue.length <= HELD_LOW) this.#tellHeld();
        }
        if (this.#isEnded && this.#queue.length === 0) {
            this.#controller.close();
            this.#controller = null;
        }
    }

    #tellHeld() {
        const stream = this.stream();
        if (stream?.isOpen) this.session.use((now) => stream.setHeld(this.#queue.length, now));
    }
}

/** Undone as fetch() does it, where the browser can.
 * @param {ReadableStream<Uint8Array>} body @param {string[]} codings
 * @returns {ReadableStream<Uint8Array>} */
export function decoded(body, codings) {
    for (const coding of codings.join(",").toLowerCase().split(",").reverse()) {
        const name = coding.trim();
        if (name === "gzip" || name === "x-gzip")
            body = body.pipeThrough(new TransformStream(new Gunzip()));
        else if (name === "deflate")
            body = body.pipeThrough(/** @type {any} */ (new DecompressionStream(name)));
    }
    return body;
}
