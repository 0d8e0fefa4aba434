// Handshake and liveness: what concerns no stream. As src/tunnel/mux_hello.c.
//
// A PONG does not say which PING it answers, but the channel keeps their order:
// a probe is answered when its own comes. A provider that has promised what it
// will agree to spares a round trip: requests go right behind HELLO, on the
// first channel, where nothing overtakes that. AGREE must keep it.

import { FrameType } from "./frame.js";
import { decodeAgree, encodeHello, isOurVersion, lackOf } from "./payload.js";

/** @typedef {import("./payload.js").Agreed} Agreed */

const PING_INTERVAL = 10_000; // all in ms
const DEAD_AFTER = 30_000; // without any frame
const PROBE = 5_000;
const FLIGHT = 1_000; // what is older is not on its way any more
const HELLO_TIMEOUT = 10_000;

export class Hello {
    /** @param {import("./mux.js").Mux} mux */
    constructor(mux) {
        this.mux = mux;
        /** @type {Agreed | null} */
        this.means = null; // by which streams are opened
        this.pingAt = Infinity;
        /** @type {number | null} */
        this.pingSentAt = null; // none is on its way
        this.pingsOut = 0; // on their way, answers included
        this.pongsOwed = 0; // until a probe is answered; 0: none is out
        this.probedAt = 0;
        this.lastHeardAt = 0;
        this.deadAt = Infinity; // handshake or probe
    }

    /** @param {Uint8Array | null} promise @param {number} now */
    start(promise, now) {
        this.lastHeardAt = now;
        this.deadAt = now + HELLO_TIMEOUT;
        this.mux.sender.control(0, FrameType.HELLO, 0, encodeHello());
        const agreed = promise && decodeAgree(promise);
        if (!agreed || !isOurVersion(agreed) || lackOf(agreed)) return;
        this.#use(agreed);
        this.mux.become("eager");
    }

    /** @param {Uint8Array} payload @param {number} now */
    onAgree(payload, now) {
        const { mux } = this;
        const agreed = decodeAgree(payload);
        if (!agreed) return mux.note("note", "dropped an AGREE that is malformed");
        if (!isOurVersion(agreed))
            return mux.die("the other side agreed to a version that we did not offer");
        const lack = lackOf(agreed);
        if (lack) return mux.die(`the other side has no ${lack}, which a browser needs`);
        if (mux.state === "eager" && !this.#isKept(agreed))
            return mux.die("the other side agreed to something else than its description says");
        if (mux.state !== "starting" && mux.state !== "eager") return;
        if (mux.state === "starting") this.#use(agreed);
        if (this.pongsOwed === 0) this.deadAt = Infinity;
        const wasEager = mux.state === "eager";
        mux.state = "ready";
        this.#ping(now);
        if (!wasEager) mux.become("ready");
    }

    /** A frame came, of whatever type. @param {number} now */
    hear(now) {
        this.lastHeardAt = now;
        if (this.pongsOwed > 0 && now - this.probedAt >= FLIGHT) this.#endProbe();
    }

    /** @param {number} now */
    onPong(now) {
        if (this.pingsOut > 0) this.pingsOut--;
        if (this.pongsOwed > 0 && --this.pongsOwed === 0) this.#endProbe();
        if (this.pingSentAt === null) return;
        this.mux.flowSession.rttMs = now - this.pingSentAt;
        this.pingSentAt = null;
        this.mux.handlers.onrtt(this.mux.flowSession.rttMs);
    }

    /** There is reason to believe that the other side is gone.
     * @param {number} now */
    probe(now) {
        if (this.mux.state !== "ready" && this.mux.state !== "eager") return;
        this.deadAt = Math.min(this.deadAt, now + PROBE);
        this.probedAt = now;
        this.pongsOwed = 1; // to the PING that goes out behind AGREE
        if (this.mux.state === "eager") return;
        this.#ping(now);
        this.pongsOwed = this.pingsOut;
    }

    deadline() {
        if (this.mux.state !== "ready") return this.mux.state === "dead" ? Infinity : this.deadAt;
        return Math.min(this.deadAt, this.lastHeardAt + DEAD_AFTER, this.pingAt);
    }

    /** @param {number} now */
    onDeadline(now) {
        const isReady = this.mux.state === "ready";
        if ((isReady && now >= this.lastHeardAt + DEAD_AFTER) || now >= this.deadAt) {
            this.mux.die(
                isReady
                    ? "the other side went silent"
                    : "the other side did not answer HELLO; is it a tunnel?",
            );
        } else if (isReady && now >= this.pingAt) {
            this.pingsOut = 0; // whoever has not answered by now will not
            this.#ping(now);
        }
    }

    /** @param {Agreed} agreed */
    #use(agreed) {
        this.means = agreed;
        this.mux.peerWindow = agreed.window;
        this.mux.sender.channels = agreed.channels;
    }

    /** @param {Agreed} agreed */
    #isKept(agreed) {
        const { means } = this;
        return (
            means !== null &&
            agreed.features === means.features &&
            agreed.window >= means.window &&
            agreed.channels >= means.channels
        );
    }

    /** @param {number} now */
    #ping(now) {
        this.pingsOut++;
        this.pingSentAt ??= now;
        this.pingAt = now + PING_INTERVAL;
        this.mux.sender.control(0, FrameType.PING, 0);
    }

    #endProbe() {
        this.pongsOwed = 0;
        this.deadAt = Infinity;
        this.mux.handlers.onalive();
    }
}
