// WebSocket through the tunnel: RFC 6455 over a stream that has become a pipe.
// To a page it is like the browser's own.

import { fromUtf8, join, latin1, utf8, viewOf } from "./bytes.js";
import { Framing, isToken, valuesOf } from "./fields.js";
import { StreamError } from "./stream_error.js";
import { targetOf } from "./target.js";
import { Opcode, WebSocketDecoder, encodeWebSocketFrame } from "./websocket_frame.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./fields.js").ResponseHead} ResponseHead */

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const REASON_MAX = 123;
const NO_STATUS = 1005;
const ABNORMAL = 1006;
/** How long a server may take to close its end. In ms. */
const CLOSE_PATIENCE = 10_000;

/** @param {Uint8Array} bytes */
const base64 = (bytes) => btoa(latin1(bytes));

/** @param {string} key */
async function acceptOf(key) {
    return base64(new Uint8Array(await crypto.subtle.digest("SHA-1", utf8(key + MAGIC))));
}

/** @param {string | URL} url */
function targetOfWebSocket(url) {
    const target = targetOf(`${url}`.replace(/^ws/i, "http"));
    return { ...target, url: target.href.replace(/^http/, "ws") };
}

export class TunnelWebSocket extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;

    readyState = TunnelWebSocket.CONNECTING;
    /** @type {BinaryType} */
    binaryType = "blob";
    protocol = "";
    extensions = "";
    /** @type {((event: Event) => void) | null} */
    onopen = null;
    /** @type {((event: MessageEvent) => void) | null} */
    onmessage = null;
    /** @type {((event: Event) => void) | null} */
    onerror = null;
    /** @type {((event: CloseEvent) => void) | null} */
    onclose = null;

    /** @type {Session | null} */
    #session = null;
    /** @type {import("./mux_stream.js").MuxStream | null} */
    #stream = null;
    #closing = { code: ABNORMAL, reason: "", wasClean: false };
    #isSwitched = false;
    #isCloseSent = false;
    #last = Promise.resolve(); // Blobs are read before they are sent: the order stays
    #unsent = 0;
    #decoder = new WebSocketDecoder(
        (opcode, payload) => this.#onFrame(opcode, payload),
        (code) => this.#fail(code),
    );

    /** @param {() => Promise<Session>} session @param {string | URL} url
     * @param {string | string[]} [protocols] */
    constructor(session, url, protocols = []) {
        super();
        const target = targetOfWebSocket(url);
        this.url = target.url;
        const offered = [protocols].flat();
        if (!offered.every(isToken) || new Set(offered).size !== offered.length)
            throw new DOMException("a subprotocol is no token, or named twice", "SyntaxError");
        session()
            .then((its) => this.#open(its, target, offered))
            .catch((error) => this.#end(error));
    }

    /** Bytes that send() was given and that wait. */
    get bufferedAmount() {
        return this.#unsent + (this.#stream?.queue.length ?? 0);
    }

    /** @param {string | ArrayBuffer | ArrayBufferView | Blob} data */
    send(data) {
        if (this.readyState === TunnelWebSocket.CONNECTING)
            throw new DOMException("the WebSocket is not open yet", "InvalidStateError");
        if (this.readyState !== TunnelWebSocket.OPEN) return;
        if (typeof data === "string") return this.#sendInTurn(Opcode.TEXT, utf8(data));
        if (data instanceof Blob) return this.#sendInTurn(Opcode.BINARY, data);
        const bytes = ArrayBuffer.isView(data)
            ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
            : new Uint8Array(data);
        this.#sendInTurn(Opcode.BINARY, bytes.slice());
    }

    /** @param {number} [code] @param {string} [reason] */
    close(code, reason = "") {
        if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
            throw new DOMException("a close code is 1000, or 3000 to 4999", "InvalidAccessError");
        if (utf8(reason).length > REASON_MAX)
            throw new DOMException(`a reason has at most ${REASON_MAX} bytes`, "SyntaxError");
        if (this.readyState >= TunnelWebSocket.CLOSING) return;
        const isOpen = this.readyState === TunnelWebSocket.OPEN;
        this.readyState = TunnelWebSocket.CLOSING;
        if (!isOpen) return this.#end(null);
        const payload =
            code === undefined
                ? new Uint8Array(0)
                : join(Uint8Array.of(code >> 8, code), utf8(reason));
        this.#inTurn(async () => this.#sendClose(payload));
    }

    // --- the handshake ---

    /** @param {Session} session @param {ReturnType<typeof targetOfWebSocket>} target
     * @param {string[]} offered */
    async #open(session, target, offered) {
        if (this.readyState !== TunnelWebSocket.CONNECTING) return;
        if (!session.mux.has("upgrade")) throw new Error("the other side carries no WebSockets");
        const key = base64(crypto.getRandomValues(new Uint8Array(16)));
        const accept = await acceptOf(key);
        /** @type {import("./fields.js").Field[]} */
        const fields = [
            ["Host", target.host],
            ["Upgrade", "websocket"],
            ["Sec-WebSocket-Key", key],
            ["Sec-WebSocket-Version", "13"],
        ];
        if (offered.length > 0) fields.push(["Sec-WebSocket-Protocol", offered.join(", ")]);
        const request = { framing: Framing.PIPE, method: "GET", target: target.target, fields };
        this.#session = session;
        this.#stream = session.use(() =>
            session.mux.open(request, {
                onhead: (head) => this.#onHead(head, accept, offered),
                onbody: (bytes) => this.#onBody(bytes),
                onend: () => this.#end(null),
                onerror: (_, text) => this.#end(new Error(text)),
                ondrain: () => {},
            }),
        );
    }

    /** Section 4.1, the list at its end; and, as in browsers, one of those that were
     * offered is chosen.
     * @param {ResponseHead} head @param {string} accept @param {string[]} offered */
    #onHead({ status, fields }, accept, offered) {
        const [protocol = ""] = valuesOf(fields, "sec-websocket-protocol");
        const isGood =
            status === 101 &&
            valuesOf(fields, "upgrade").join().toLowerCase() === "websocket" &&
            valuesOf(fields, "sec-websocket-accept").join() === accept &&
            valuesOf(fields, "sec-websocket-extensions").length === 0 &&
            (offered.includes(protocol) || (protocol === "" && offered.length === 0));
        if (!isGood)
            return this.#end(
                new Error(`the upstream answered HTTP ${status}, not a WebSocket handshake`),
            );
        this.protocol = protocol;
        this.#isSwitched = true;
        this.readyState = TunnelWebSocket.OPEN;
        this.#emit(new Event("open"));
    }

    // --- what is sent ---

    /** @param {() => Promise<void>} operation */
    #inTurn(operation) {
        this.#last = this.#last.then(operation).catch((error) => this.#end(error));
    }

    /** @param {number} opcode @param {Uint8Array | Blob} data */
    #sendInTurn(opcode, data) {
        const size = data instanceof Blob ? data.size : data.length;
        this.#unsent += size;
        this.#inTurn(async () => {
            const bytes = data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data;
            this.#unsent -= size;
            this.#write(opcode, bytes);
        });
    }

    /** @param {number} opcode @param {Uint8Array} payload */
    #write(opcode, payload) {
        if (this.#isCloseSent) return;
        this.#session?.use(() => this.#stream?.write(encodeWebSocketFrame(opcode, payload)));
    }

    /** @param {Uint8Array} payload */
    #sendClose(payload) {
        this.#write(Opcode.CLOSE, payload);
        this.#isCloseSent = true;
        setTimeout(() => this.#end(null), CLOSE_PATIENCE);
    }

    // --- what comes ---

    /** A page takes messages as they come: nothing is held back for it.
     * @param {Uint8Array} bytes */
    #onBody(bytes) {
        this.#decoder.feed(bytes);
        this.#session?.use((now) => this.#stream?.setHeld(0, now));
    }

    /** @param {number} opcode @param {Uint8Array} payload */
    #onFrame(opcode, payload) {
        if (opcode === Opcode.PING) this.#write(Opcode.PONG, payload);
        else if (opcode === Opcode.CLOSE) this.#onClose(payload);
        else if (opcode !== Opcode.PONG) this.#onMessage(opcode, payload);
    }

    /** @param {number} opcode @param {Uint8Array} payload */
    #onMessage(opcode, payload) {
        if (this.readyState !== TunnelWebSocket.OPEN) return;
        let data;
        try {
            if (opcode === Opcode.TEXT)
                data = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
            else data = this.binaryType === "blob" ? new Blob([payload]) : payload.buffer;
        } catch {
            return this.#fail(1007);
        }
        this.#emit(new MessageEvent("message", { data, origin: new URL(this.url).origin }));
    }

    /** @param {Uint8Array} payload */
    #onClose(payload) {
        if (payload.length === 1) return this.#fail(1002);
        const code = payload.length >= 2 ? viewOf(payload).getUint16(0) : NO_STATUS;
        this.#closing = { code, reason: fromUtf8(payload.subarray(2)), wasClean: true };
        this.readyState = TunnelWebSocket.CLOSING;
        this.#inTurn(async () => {
            if (!this.#isCloseSent) this.#sendClose(payload.subarray(0, 2));
            this.#session?.use(() => this.#stream?.end());
        });
    }

    /** The server broke the rules. @param {number} code */
    #fail(code) {
        this.#decoder.isBroken = true;
        this.#sendClose(Uint8Array.of(code >> 8, code));
        this.#end(new Error("the server sent what is no WebSocket"));
    }

    // --- the end ---

    /** @param {unknown} error */
    #end(error) {
        if (this.readyState === TunnelWebSocket.CLOSED) return;
        const isFailure = error !== null || !this.#isSwitched;
        this.readyState = TunnelWebSocket.CLOSED;
        this.#session?.use(() =>
            this.#stream?.cancel(StreamError.CANCELLED, "the client went away"),
        );
        queueMicrotask(() => {
            if (isFailure && !this.#closing.wasClean) this.#emit(new Event("error"));
            this.#emit(newCloseEvent(this.#closing));
        });
    }

    /** @param {Event} event */
    #emit(event) {
        const handler = /** @type {any} */ (this)[`on${event.type}`];
        if (typeof handler === "function")
            this.addEventListener(event.type, handler.bind(this), { once: true });
        this.dispatchEvent(event);
    }
}

/** @param {{code: number, reason: string, wasClean: boolean}} how */
function newCloseEvent(how) {
    return new CloseEvent("close", how);
}
for (const name of /** @type {const} */ (["CONNECTING", "OPEN", "CLOSING", "CLOSED"]))
    Object.defineProperty(TunnelWebSocket.prototype, name, { value: TunnelWebSocket[name] });
