// The session that is to be the next one, from the first step to HELLO's answer.

const PATIENCE = 30_000; // in ms
const CROSSING = 1_000; // an offer that came so soon behind ours was not made for it

export class Negotiation {
    #begunAt = performance.now();

    /** @param {import("./session.js").Session} session @param {string} peerId
     * @param {boolean} isOfferer @param {() => void} onoverdue */
    constructor(session, peerId, isOfferer, onoverdue) {
        this.session = session;
        this.peerId = peerId;
        this.isAnswered = !isOfferer;
        this.timer = setTimeout(onoverdue, PATIENCE);
    }

    /** First offers cross, and the consumer's counts. @param {string} peerId */
    crosses(peerId) {
        const isOut = this.peerId === peerId && !this.isAnswered;
        return isOut && performance.now() - this.#begunAt < CROSSING;
    }

    /** The session is ready. */
    finish() {
        clearTimeout(this.timer);
    }

    /** It is not to be. */
    drop() {
        clearTimeout(this.timer);
        this.session.close("another session is made");
    }
}
