// The multiplexer: many HTTP exchanges over the channels of one peer, from the
// consumer's end. Sans-I/O: messages and the time in, messages and events out.
//
//             HELLO / AGREE             PING, PONG
//   starting ---------------> ready ------------------> dead
//      | \------ no answer, wrong role, no common version ---^
//      | a promise                                           |
//      +----> eager: streams may be opened; else as starting +
//
// This file says who gets a frame that arrives, and whether it may come now. The
// other parts: mux_hello.js, mux_stream.js, mux_send.js, mux_flow.js. The same
// stories are told to this and to src/tunnel/mux.c (tests/tunnel/mux_stories.json).

import { splitBundle } from "./bundle.js";
import { fromUtf8, join, utf8, viewOf } from "./bytes.js";
import { Framing, decodeResponse, decodeTrailers, encodeRequest } from "./fields.js";
import { FrameType, decodeFrame, encodeFrame, frameName } from "./frame.js";
import { WINDOW_DEFAULT } from "./mux_flow.js";
import { Hello } from "./mux_hello.js";
import { Sender } from "./mux_send.js";
import { MuxStream } from "./mux_stream.js";
import { CODES, StreamError, tunnelError } from "./stream_error.js";

export const STREAMS_MAX = 4096; // open at once
const ID_MAX = 2 ** 32 - 1;
const ERROR_TEXT_MAX = 1024; // bytes, as sent
const REASON_MAX = 511; // bytes, as read

/** @typedef {"starting" | "eager" | "ready" | "dead"} MuxState */
/** @typedef {"note" | "late note"} NoteKind  dropped; a frame that crossed the
 *     end of its exchange, as happens at every cancel */

/**
 * @typedef {object} MuxEvents
 * @property {() => void} onready  streams may be opened
 * @property {(ms: number) => void} onrtt
 * @property {() => void} onalive  what probe() asked is answered
 * @property {(streams: number) => void} onstreamclosed  how many are left
 * @property {(text: string, isWrongRole: boolean) => void} ondead  streams are
 *     still open: see fail()
 * @property {(kind: NoteKind, text: string) => void} onnote
 */

/** The text of an ERROR, in whole characters, up to a NUL. @param {Uint8Array} payload */
function reasonOf(payload) {
    const text = fromUtf8(payload.subarray(0, REASON_MAX)).replace(/\ufffd+$|\0.*$/s, "");
    return text || "no reason was given";
}

export class Mux {
    /** @param {MuxEvents & import("./mux_send.js").Outlet} handlers */
    constructor(handlers) {
        this.handlers = handlers;
        /** @type {MuxState} */
        this.state = "starting";
        /** @type {Map<number, MuxStream>} */
        this.streams = new Map();
        this.sender = new Sender(
            handlers,
            () => this.has("bundle"),
            () => this.die("the other side makes us answer but does not read"),
        );
        this.hello = new Hello(this);
        this.flowSession = { rttMs: 0, extraWindow: 0 };
        this.peerWindow = WINDOW_DEFAULT; // what each stream may send at first
        this.nextId = 1;
        this.eagerId = 0; // of the last one that was opened before AGREE
    }

    /** The channels are open. @param {Uint8Array | null} promise  the provider's
     * `a=tunnel-agree` @param {number} now */
    start(promise, now) {
        this.hello.start(promise, now);
    }

    /** Whether both ends have an extension. @param {string} name */
    has(name) {
        return this.hello.means?.features.split(" ").includes(name) ?? false;
    }

    /** Opens a stream with a request. Throws a TypeError that says why not.
     * @param {import("./fields.js").RequestHead} head
     * @param {import("./mux_stream.js").StreamHandlers} handlers */
    open(head, handlers) {
        if (this.state !== "ready" && this.state !== "eager")
            throw tunnelError(StreamError.SESSION, "there is no session");
        if (this.streams.size >= STREAMS_MAX)
            throw tunnelError(StreamError.TOO_MANY, "too many requests at once");
        if (this.nextId > ID_MAX)
            throw tunnelError(StreamError.SESSION, "all ids of the session are used");
        const payload = encodeRequest(head);
        if (this.state === "eager") this.eagerId = this.nextId;
        const frame = encodeFrame(FrameType.REQ_HEADERS, this.nextId, payload);
        const stream = new MuxStream(this, this.nextId++, head.framing, frame, handlers);
        this.streams.set(stream.id, stream);
        this.sender.lineUp(stream);
        return stream;
    }

    /** Takes one message from a channel. @param {number} channel
     * @param {Uint8Array} message @param {number} now */
    feed(channel, message, now) {
        if (this.state === "dead") return;
        const isAgreed = channel <= this.sender.channels;
        const frame = isAgreed ? decodeFrame(message) : null;
        if (!frame) {
            const what = isAgreed ? "no frame" : "on a channel which was not agreed on";
            this.note("note", `dropped a message of ${message.length} bytes that is ${what}`);
            return;
        }
        this.hello.hear(now);
        if (frame.type === FrameType.BUNDLE) this.#onBundle(frame.payload, now);
        else this.#onFrame(frame.type, frame.streamId, frame.payload, now);
    }

    /** All that this turn has to say is said: sends what has gathered in it. */
    endTurn() {
        this.sender.endTurn();
    }

    /** The channels take more: sends what waits. */
    flush() {
        this.sender.flush();
    }

    /** When onDeadline() is to be called; Infinity: need not. */
    deadline() {
        return this.hello.deadline();
    }

    /** @param {number} now */
    onDeadline(now) {
        this.hello.onDeadline(now);
    }

    /** @param {number} now */
    probe(now) {
        this.hello.probe(now);
    }

    /** Ends every stream, and the session; sends nothing. @param {string} text */
    fail(text) {
        this.#shut();
        for (const stream of this.streams.values())
            this.#failStream(stream, StreamError.SESSION, text);
    }

    // --- for its parts alone ---

    /** Before AGREE nothing may overtake HELLO. @param {number} id */
    channelOf(id) {
        const { channels } = this.sender;
        return channels > 0 && id > this.eagerId ? 1 + (id % channels) : 0;
    }

    /** @param {NoteKind} kind @param {string} text */
    note(kind, text) {
        this.handlers.onnote(kind, text);
    }

    /** @param {"eager" | "ready"} state */
    become(state) {
        this.state = state;
        this.handlers.onready();
    }

    /** @param {string} text */
    die(text, isWrongRole = false) {
        if (this.state === "dead") return;
        this.#shut();
        this.handlers.ondead(text, isWrongRole);
    }

    /** Takes it off everything. @param {MuxStream} stream */
    close(stream) {
        stream.isOpen = false;
        stream.flow.close();
        this.sender.leave(stream);
        stream.queue.clear();
        this.streams.delete(stream.id);
        this.handlers.onstreamclosed(this.streams.size);
    }

    /** @param {number} id @param {number} code @param {string} text */
    sendError(id, code, text) {
        const payload = join(
            Uint8Array.of(code >> 8, code),
            utf8(text).subarray(0, ERROR_TEXT_MAX),
        );
        this.sender.control(this.channelOf(id), FrameType.ERROR, id, payload);
    }

    // --- frames ---

    /** Each of its frames may end the session. What a malformed one was to say is
     * not known, and streams that lack it would look whole.
     * @param {Uint8Array} payload @param {number} now */
    #onBundle(payload, now) {
        const frames = splitBundle(payload);
        if (!this.has("bundle")) {
            this.note("note", "dropped a BUNDLE: `bundle` was not agreed on");
        } else if (!frames) {
            this.sender.control(0, FrameType.ERROR, 0, utf8("a BUNDLE is malformed"));
            this.endTurn();
            this.die("the other side sent a BUNDLE that is malformed");
        } else {
            for (const bytes of frames) {
                const frame = decodeFrame(bytes);
                if (!frame || this.state === "dead") return;
                this.#onFrame(frame.type, frame.streamId, frame.payload, now);
            }
        }
    }

    #shut() {
        this.state = "dead";
        this.sender.isShut = true;
    }

    /** @param {MuxStream} stream @param {number} code @param {string} text */
    #failStream(stream, code, text) {
        this.close(stream);
        if (!stream.isDetached) stream.handlers.onerror(code, text);
    }

    /** The other side broke the rules on a stream: tells both ends.
     * @param {MuxStream} stream @param {string} text */
    #violate(stream, text) {
        this.sendError(stream.id, StreamError.MALFORMED, text);
        this.#failStream(stream, StreamError.MALFORMED, text);
    }

    /** @param {number} type @param {number} id @param {Uint8Array} payload @param {number} now */
    #onFrame(type, id, payload, now) {
        switch (type) {
            case FrameType.HELLO:
                this.die("the other side is a consumer (`tunnel proxy`), as we are", true);
                break;
            case FrameType.AGREE:
                this.hello.onAgree(payload, now);
                break;
            case FrameType.PING:
                this.sender.control(0, FrameType.PONG, 0);
                break;
            case FrameType.PONG:
                this.hello.onPong(now);
                break;
            case FrameType.WINDOW:
                this.#onWindow(id, payload);
                break;
            case FrameType.ERROR:
                this.#onError(id, payload);
                break;
            case FrameType.REQ_HEADERS:
                this.note("note", "dropped a request: this side is the consumer");
                break;
            case FrameType.REQ_BODY:
            case FrameType.REQ_END:
            case FrameType.RES_HEADERS:
            case FrameType.RES_BODY:
            case FrameType.RES_END:
            case FrameType.RES_INTERIM:
                this.#onStreamFrame(type, id, payload, now);
                break;
            default:
                this.note("note", `dropped a frame of unknown type ${type}`);
        }
    }

    /** @param {number} type @param {number} id @param {Uint8Array} payload @param {number} now */
    #onStreamFrame(type, id, payload, now) {
        const stream = this.streams.get(id);
        const isOurs = type >= FrameType.RES_HEADERS;
        if (!isOurs || !stream) {
            const kind = id !== 0 && id < this.nextId ? "late note" : "note";
            const why = stream ? "not ours to receive" : "not open";
            this.note(kind, `dropped a ${frameName(type)} on stream ${id}, which is ${why}`);
            return;
        }
        if (stream.isDetached) return;
        const isHead = type === FrameType.RES_HEADERS || type === FrameType.RES_INTERIM;
        if (stream.received === "ended" || isHead !== (stream.received === "head"))
            this.#violate(stream, "the exchange's frames are out of order");
        else if (type === FrameType.RES_HEADERS) this.#onResponse(stream, payload);
        else if (type === FrameType.RES_BODY) this.#onBody(stream, payload, now);
        else if (type === FrameType.RES_END) this.#onEnd(stream, payload);
    }

    /** Of a pipe both ends must think the same, or one would wait for an end
     * that the other has seen. @param {MuxStream} stream @param {Uint8Array} payload */
    #onResponse(stream, payload) {
        const head = decodeResponse(payload);
        const isSwitch = head?.status === 101 && stream.framing === Framing.PIPE;
        const isAnswer = head && (isSwitch || head.status >= 200);
        if (!isAnswer || isSwitch !== (head.framing === Framing.PIPE)) {
            this.#violate(stream, "the response's head is malformed");
            return;
        }
        stream.received = "body";
        stream.isPipe = isSwitch;
        stream.handlers.onhead(head);
    }

    /** @param {MuxStream} stream @param {Uint8Array} bytes @param {number} now */
    #onBody(stream, bytes, now) {
        if (bytes.length === 0) return;
        if (stream.flow.receive(bytes.length, now)) stream.handlers.onbody(bytes);
        else this.#violate(stream, "a body is longer than was granted");
    }

    /** @param {MuxStream} stream @param {Uint8Array} payload */
    #onEnd(stream, payload) {
        const trailers = decodeTrailers(payload);
        if (trailers) stream.finish(trailers);
        else this.#violate(stream, "the trailers are malformed");
    }

    /** @param {number} id @param {Uint8Array} payload */
    #onError(id, payload) {
        const hasCode = id !== 0 && payload.length >= 2;
        const code = hasCode ? viewOf(payload).getUint16(0) : 0;
        const text = reasonOf(hasCode ? payload.subarray(2) : payload);
        if (id === 0) return this.die(`the other side ended the session: ${text}`);
        const stream = this.streams.get(id); // none: the two ends crossed each other
        if (stream) this.#failStream(stream, code < CODES ? code : StreamError.UNSPECIFIED, text);
    }

    /** @param {number} id @param {Uint8Array} payload */
    #onWindow(id, payload) {
        const stream = this.streams.get(id);
        if (!this.has("flow"))
            return this.note("note", "dropped a WINDOW: `flow` was not agreed on");
        if (!stream) return; // it crossed the stream's end
        if (!stream.flow.addCredit(payload)) {
            this.#violate(stream, "a WINDOW is malformed or grants too much");
            return;
        }
        this.sender.lineUp(stream);
        stream.checkDrain();
    }
}
