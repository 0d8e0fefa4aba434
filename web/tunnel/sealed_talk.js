// What is said and heard by way of the signal server, sealed, with each member of
// the room. One after the other, both ways: a seal takes a while, and counts.

import { Repeats } from "./repeat.js";
import { Contact, Seal } from "./seal.js";

/** @typedef {import("./seal.js").SealType} SealType */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./signal.js").SignalMessage} SignalMessage */

/**
 * @typedef {object} Peer  a member of the room
 * @property {Contact} contact
 * @property {Session | null} offered  whose offer it was last sent
 */

export class SealedTalk {
    /** @type {Map<string, Peer>} */
    #peers = new Map();
    #repeats = new Repeats();
    #last = Promise.resolve();
    #seal;

    /** @param {import("./link.js").Link} link */
    constructor(link) {
        this.#seal = new Seal(link);
    }

    /** @param {string} peerId */
    meet(peerId) {
        this.#repeats.forget(peerId);
        this.#peers.set(peerId, { contact: new Contact(), offered: null });
    }

    /** @param {string} peerId */
    forget(peerId) {
        this.#repeats.forget(peerId);
        this.#peers.delete(peerId);
    }

    forgetAll() {
        this.#repeats.forgetAll();
        this.#peers.clear();
    }

    /** @param {string} peerId */
    knows(peerId) {
        return this.#peers.has(peerId);
    }

    /** The session whose offer it was sent and has not answered, once.
     * @param {string} peerId */
    takeOffered(peerId) {
        const peer = this.#peers.get(peerId);
        const offered = peer?.offered ?? null;
        if (peer) peer.offered = null;
        return offered;
    }

    /** Seals it, and has it sent.
     * @param {string} peerId @param {SealType} type @param {string} text
     * @param {Session} session @param {(message: {type: string}) => void} send */
    say(peerId, type, text, session, send) {
        this.#inTurn(async () => {
            const peer = this.#peers.get(peerId);
            const sealed = peer && (await this.#seal.wrap(peer.contact, type, text));
            if (!sealed) return;
            if (type === "offer") peer.offered = session;
            const message = { type, [type === "candidate" ? "candidate" : "sdp"]: sealed };
            this.#repeats.add(peerId, message, send);
            send(message);
        });
    }

    /** What can be opened is to be taken, with its type.
     * @param {SignalMessage} message
     * @param {(peerId: string, type: SealType, text: string) => Promise<void>} take */
    hear({ peerId = "", type: said, sdp, candidate }, take) {
        const type = /** @type {SealType} */ (said);
        this.#inTurn(async () => {
            const peer = this.#peers.get(peerId);
            if (!peer) return;
            const sealed = (type === "candidate" ? candidate : sdp) ?? "";
            const opened = await this.#seal.open(peer.contact, type, sealed);
            if ("verdict" in opened)
                console.debug(`tunnel: dropped what came as ${type}: it is ${opened.verdict}`);
            else {
                this.#repeats.forget(peerId);
                await take(peerId, type, opened.text);
            }
        });
    }

    /** @param {() => Promise<void>} operation */
    #inTurn(operation) {
        this.#last = this.#last.then(operation).catch((error) => console.warn("tunnel:", error));
    }
}
