// Credit: how much of a body may be on its way or held, stream by stream.
//
//   sender ── body ──► receiver ──► its local reader
//     ▲ credit               │ held
//     └───── WINDOW ─────────┘
//
//   granted (the sender may still send it) + held (here, not taken) <= window
//
// A receiver grants again once half a window is free. A reader that takes
// nothing is granted nothing. A window that is used up before a WINDOW can come
// back doubles; one that lasts for many round trips is halved. What all windows
// have over their first size is bounded for the session. As src/tunnel/mux_flow.c.

import { viewOf } from "./bytes.js";

const KB = 1024;
const MB = 1024 * KB;

export const FIRST_WINDOW = 240 * KB;
export const HELD_LOW = 64 * KB; // who holds a body tells when it falls to this
export const WINDOW_DEFAULT = 64 * KB; // of an end that does not say
export const CREDIT_MAX = 2 ** 31 - 1;
const WINDOW_MAX = 16 * MB;
const EXTRA_MAX = 64 * MB;
// Those that have not yet shown that they are fast share a part of that.
const UNPROVEN_EXTRA_MAX = EXTRA_MAX / 4;
const PROVEN = 8 * MB;
const LOCAL_DELAY_MS = 10; // beside the path's round trip
const IDLE_ROUND_TRIPS = 32;

/** What the streams of a session share.
 * @typedef {{rttMs: number, extraWindow: number}} FlowSession */

export class Flow {
    /** @param {FlowSession} session @param {number} credit */
    constructor(session, credit) {
        this.session = session;
        this.credit = credit; // bytes that we may still send
        this.granted = FIRST_WINDOW; // bytes that they may still send
        this.window = FIRST_WINDOW;
        this.held = 0;
        this.received = 0;
        /** @type {number | null} */
        this.grantedAt = null;
    }

    /** A WINDOW's payload came. False when it is malformed or grants too much.
     * @param {Uint8Array} payload */
    addCredit(payload) {
        const increment = payload.length === 4 ? viewOf(payload).getUint32(0) : 0;
        if (increment === 0 || increment > CREDIT_MAX - this.credit) return false;
        this.credit += increment;
        return true;
    }

    /** Bytes of a body came. False when they were not granted.
     * @param {number} bytes @param {number} now */
    receive(bytes, now) {
        if (bytes > this.granted) return false;
        this.granted -= bytes;
        this.received += bytes;
        this.grantedAt ??= now;
        return true;
    }

    /** So many of them its user holds now. How many more are granted.
     * @param {number} held @param {number} now */
    hold(held, now) {
        this.held = held;
        const used = held + this.granted;
        if (used > this.window / 2) return 0;
        this.#tune(this.window - used, now);
        if (used >= this.window) return 0;
        const increment = this.window - used;
        this.granted += increment;
        this.grantedAt = now;
        return increment;
    }

    close() {
        this.held = 0;
        this.#setWindow(FIRST_WINDOW);
    }

    /** @param {number} window */
    #setWindow(window) {
        this.session.extraWindow += window - this.window;
        this.window = window;
    }

    /** So much of the window was used up since the last grant: how long does a
     * whole one last? @param {number} usedUp @param {number} now */
    #tune(usedUp, now) {
        const { window, session } = this;
        const lastsMs = ((now - (this.grantedAt ?? now)) * window) / usedUp;
        const roundTripMs = session.rttMs + LOCAL_DELAY_MS;
        if (lastsMs < (roundTripMs * 5) / 2) {
            const most = this.received >= PROVEN ? EXTRA_MAX : UNPROVEN_EXTRA_MAX;
            if (session.extraWindow + window <= most && window <= WINDOW_MAX / 2)
                this.#setWindow(window * 2);
        } else if (lastsMs > IDLE_ROUND_TRIPS * roundTripMs) {
            this.#setWindow(Math.max(Math.floor(window / 2), FIRST_WINDOW));
        }
    }
}
