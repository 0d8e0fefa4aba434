// Offers that nobody has answered are said again, with their candidates: who they
// were for may come back by another socket, as the same member, and the signal
// server has passed them on to the one before, which was dead already. What has
// come there once is dropped when it comes again, and changes nothing.

/** Each after the one before, in ms. */
const WAITS = [3_000, 6_000, 12_000];

/** @typedef {{type: string}} Message  sealed */

/**
 * @typedef {object} Repeat  an offer and its candidates
 * @property {(() => void)[]} words  what says them
 * @property {number} times  that they were said again
 * @property {ReturnType<typeof setTimeout> | undefined} timer
 */

export class Repeats {
    /** @type {Map<string, Repeat>} */
    #all = new Map();

    /** That was said to the member: an offer takes the place of the one before, a
     * candidate belongs to it, and of what answers nothing is kept.
     * @param {string} peerId @param {Message} message
     * @param {(message: Message) => void} send */
    add(peerId, message, send) {
        if (message.type === "offer") {
            this.forget(peerId);
            const repeat = { words: [], times: 0, timer: undefined };
            this.#all.set(peerId, repeat);
            this.#wait(peerId, repeat);
        }
        if (message.type === "offer" || message.type === "candidate")
            this.#all.get(peerId)?.words.push(() => send(message));
    }

    /** It was heard, or is gone. @param {string} peerId */
    forget(peerId) {
        clearTimeout(this.#all.get(peerId)?.timer);
        this.#all.delete(peerId);
    }

    forgetAll() {
        for (const peerId of [...this.#all.keys()]) this.forget(peerId);
    }

    /** @param {string} peerId @param {Repeat} repeat */
    #wait(peerId, repeat) {
        repeat.timer = setTimeout(() => {
            for (const say of repeat.words) say();
            if (++repeat.times < WAITS.length) this.#wait(peerId, repeat);
            else this.forget(peerId);
        }, WAITS[repeat.times]);
    }
}
