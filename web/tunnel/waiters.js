// Requests that wait for a session.

import { StreamError, tunnelError } from "./stream_error.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * @typedef {object} Waiter
 * @property {(session: Session) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {ReturnType<typeof setTimeout> | undefined} timer
 */

export class Waiters {
    /** @type {Set<Waiter>} */
    #all = new Set();

    /** Rejects after that many ms (Infinity: never), for a reason asked for then.
     * @param {number} patience @param {() => string} reason @returns {Promise<Session>} */
    wait(patience, reason) {
        return new Promise((resolve, reject) => {
            /** @type {Waiter} */
            const waiter = { resolve, reject, timer: undefined };
            this.#all.add(waiter);
            if (patience === Infinity) return;
            waiter.timer = setTimeout(() => {
                this.#all.delete(waiter);
                reject(tunnelError(StreamError.SESSION, reason()));
            }, patience);
        });
    }

    /** There is one. @param {Session} session */
    serve(session) {
        for (const { resolve } of this.#takeAll()) resolve(session);
    }

    /** There will be none. @param {string} text */
    fail(text) {
        for (const { reject } of this.#takeAll()) reject(tunnelError(StreamError.SESSION, text));
    }

    #takeAll() {
        const all = [...this.#all];
        this.#all.clear();
        for (const { timer } of all) clearTimeout(timer);
        return all;
    }
}
