// The WebSocket to the signal server (docs/PROTOCOL.md, "Signalling"): one visit
// in the room, from join to its end. The keeper makes another.

const MESSAGE_MAX = 65536;
const TYPES = new Set([
    "joined",
    "peer-joined",
    "peer-left",
    "offer",
    "answer",
    "candidate",
    "error",
]);

/** Without one the server is not well. It pings, which pages cannot see. */
const JOIN_PATIENCE = 15_000;

/**
 * @typedef {object} SignalMessage
 * @property {string} type
 * @property {string} [peerId]
 * @property {string[]} [peers]
 * @property {boolean} [shared]
 * @property {string} [sdp]
 * @property {string} [candidate]
 * @property {string} [message]
 * @property {string} [code]
 */

/**
 * @typedef {object} SignalHandlers
 * @property {(message: SignalMessage) => void} onmessage
 * @property {(text: string) => void} onlost  once, and not after leave()
 */

/** Null for what is none of a server's messages. @param {unknown} data
 * @returns {SignalMessage | null} */
function decode(data) {
    if (typeof data !== "string" || data.length > MESSAGE_MAX) return null;
    try {
        const message = JSON.parse(data);
        const isString = (/** @type {string} */ name) =>
            ["string", "undefined"].includes(typeof message[name]);
        const hasShape = ["peerId", "sdp", "candidate", "message", "code"].every(isString);
        const peers = message.peers ?? [];
        const arePeers = Array.isArray(peers) && peers.every((peer) => typeof peer === "string");
        return TYPES.has(message.type) && hasShape && arePeers ? { ...message, peers } : null;
    } catch {
        return null;
    }
}

export class Signal {
    #isShared = false; // several may be there, so messages are addressed
    #isOver = false;

    /** @param {string} url @param {{room: string, key: string}} place
     * @param {SignalHandlers} handlers */
    constructor(url, place, handlers) {
        this.handlers = handlers;
        this.socket = new WebSocket(url);
        this.patience = setTimeout(
            () => this.#lose("the signal server does not answer"),
            JOIN_PATIENCE,
        );
        this.socket.onopen = () => this.#send({ type: "join", job: "consumer", ...place });
        this.socket.onmessage = ({ data }) => this.#onMessage(data);
        this.socket.onclose = ({ reason }) =>
            this.#lose(
                reason
                    ? `the signal server closed: ${reason}`
                    : "the signal server cannot be reached",
            );
    }

    /** Says an offer, an answer or a candidate to a member of the room.
     * @param {string} peerId @param {{type: string, sdp?: string, candidate?: string}} message */
    say(peerId, message) {
        this.#send(this.#isShared ? { ...message, to: peerId } : message);
    }

    leave() {
        if (this.#isOver) return;
        this.#send({ type: "bye" });
        this.#end();
    }

    /** @param {object} message */
    #send(message) {
        if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    }

    /** @param {unknown} data */
    #onMessage(data) {
        const message = this.#isOver ? null : decode(data);
        if (!message) return;
        if (message.type === "joined") {
            clearTimeout(this.patience);
            this.#isShared = message.shared === true;
        }
        this.handlers.onmessage(message);
    }

    /** @param {string} text */
    #lose(text) {
        if (this.#isOver) return;
        this.#end();
        this.handlers.onlost(text);
    }

    #end() {
        this.#isOver = true;
        clearTimeout(this.patience);
        this.socket.close();
    }
}
