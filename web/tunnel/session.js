// One RTCPeerConnection and a multiplexer on it: messages of its channels feed
// the mux, frames of the mux go to the channels.
//
// The channels beside the first are negotiated in advance, so all that may be
// agreed on are there before the first byte.

import { utf8 } from "./bytes.js";
import { Mux } from "./mux.js";
import { CHANNELS } from "./payload.js";
import { fingerprintOf } from "./seal.js";

/** Bytes that wait in a channel. A body stops at the first, and goes on at the
 * second; the channel says when it has fallen to that, so nothing is polled. */
const CHANNEL_HIGH = 256 << 10;
const CHANNEL_LOW = 64 << 10;
/** A machine whose timers are so late has slept. In ms. */
const SLEEP = 5_000;
const SDP_MAX = 40 << 10;

/** @typedef {"works" | "silent" | "lost"} PathState */

/**
 * @typedef {object} SessionHandlers
 * @property {(session: Session) => void} onready  requests may go
 * @property {(session: Session) => void} onalive  what probe() asked is answered
 * @property {(session: Session) => void} onmeasured  a round trip was measured
 * @property {(session: Session, candidate: string) => void} oncandidate
 * @property {(session: Session, state: PathState) => void} onpath
 * @property {(session: Session) => void} onidle  no stream is left
 * @property {(session: Session) => void} onwake  the machine has slept
 * @property {(session: Session, text: string) => void} onclosed  once, and not
 *     after close()
 */

/** What tells a session from another: the session id of `o=`, and whose
 * certificate it is. @param {string} sdp */
export function identityOf(sdp) {
    const id = /^o=\S+ (\d+)/m.exec(sdp)?.[1];
    const fingerprint = fingerprintOf(sdp);
    return id && fingerprint ? `${id} ${fingerprint}` : null;
}

/** @param {string | undefined} sdp */
const ufragOf = (sdp) => /^a=ice-ufrag:(\S+)/m.exec(sdp ?? "")?.[1];

export class Session {
    /** @type {RTCDataChannel[]} */
    #channels = [];
    #last = Promise.resolve(); // operations on descriptions come one after the other
    #isClosed = false;
    #isStarted = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;
    #timerAt = Infinity;

    /** @param {RTCConfiguration} configuration @param {boolean} isOfferer
     * @param {SessionHandlers} handlers */
    constructor(configuration, isOfferer, handlers) {
        this.isOfferer = isOfferer;
        this.handlers = handlers;
        this.mux = new Mux({
            send: (channel, frame) => this.#send(channel, frame),
            canSend: (channel, isBulk) => this.#canSend(channel, isBulk),
            endTurnLater: () => queueMicrotask(() => this.mux.endTurn()),
            onready: () => handlers.onready(this),
            onrtt: () => handlers.onmeasured(this),
            onalive: () => handlers.onalive(this),
            onstreamclosed: (streams) => streams === 0 && !this.#isClosed && handlers.onidle(this),
            ondead: (text) => this.#fail(text),
            onnote: (kind, text) => console.debug(`tunnel: ${text}`),
        });
        this.connection = new RTCPeerConnection(configuration);
        this.connection.onicecandidate = ({ candidate }) => {
            if (candidate?.candidate) handlers.oncandidate(this, JSON.stringify(candidate));
        };
        this.connection.oniceconnectionstatechange = () => this.#onPath();
        this.connection.onconnectionstatechange = () => {
            if (this.connection.connectionState === "closed")
                this.#fail("the connection was closed");
        };
        if (isOfferer) this.#take(0, this.connection.createDataChannel("tunnel"));
        else
            this.connection.ondatachannel = ({ channel }) =>
                this.#channels[0] || this.#take(0, channel);
        for (let k = 1; k <= CHANNELS; k++)
            this.#take(k, this.connection.createDataChannel("", { negotiated: true, id: k + 1 }));
    }

    // --- descriptions ---

    /** Our offer; of a session that stands, to restart ICE. Null when it cannot
     * be made now. */
    offer() {
        return this.#inTurn(async () => {
            const iceRestart = this.connection.currentLocalDescription !== null;
            if (this.connection.signalingState === "stable")
                await this.connection.setLocalDescription(
                    await this.connection.createOffer({ iceRestart }),
                );
            return this.connection.localDescription?.sdp ?? null;
        });
    }

    /** @param {string} sdp */
    takeAnswer(sdp) {
        return this.#inTurn(async () => {
            if (this.connection.signalingState !== "have-local-offer") return;
            await this.connection.setRemoteDescription({ type: "answer", sdp });
        });
    }

    /** Our answer to an offer: the first one, or to restart ICE.
     * @param {string} sdp */
    answer(sdp) {
        return this.#inTurn(async () => {
            await this.connection.setRemoteDescription({ type: "offer", sdp });
            await this.connection.setLocalDescription(await this.connection.createAnswer());
            return this.connection.localDescription?.sdp ?? null;
        });
    }

    /** One that belongs to another description is dropped. @param {string} json */
    addCandidate(json) {
        return this.#inTurn(async () => {
            const candidate = JSON.parse(json);
            const isOurs = [undefined, null, ufragOf(this.connection.remoteDescription?.sdp)];
            if (!candidate?.candidate || !isOurs.includes(candidate.usernameFragment)) return;
            await this.connection.addIceCandidate(candidate);
        }).catch(() => {}); // of a kind that this browser does not know
    }

    /** Whether a description of the other side is one of this session.
     * @param {string} sdp */
    owns(sdp) {
        const { remoteDescription } = this.connection;
        return remoteDescription !== null && identityOf(remoteDescription.sdp) === identityOf(sdp);
    }

    get hasOfferOut() {
        return this.connection.signalingState === "have-local-offer";
    }

    get hasAnswer() {
        return this.connection.remoteDescription !== null;
    }

    // --- life ---

    /** There is reason to doubt that the other side is there. */
    probe() {
        this.mux.probe(performance.now());
        this.#arm();
    }

    /** @param {string} text  what its streams are told */
    close(text) {
        if (this.#isClosed) return;
        this.mux.endTurn();
        this.#isClosed = true;
        this.#release(text);
    }

    /** "direct" or "relayed", as far as the browser tells. */
    async path() {
        const stats = await this.connection.getStats();
        const kinds = [];
        for (const pair of stats.values()) {
            if (pair.type !== "candidate-pair" || pair.state !== "succeeded" || !pair.nominated)
                continue;
            const ends = [stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)];
            kinds.push(ends.some((end) => end?.candidateType === "relay") ? "relayed" : "direct");
        }
        return kinds.at(-1) === "relayed" ? "relayed" : "direct";
    }

    /** For who uses a stream of it: calls that, and sees to what follows.
     * @template T @param {(now: number) => T} call */
    use(call) {
        const result = call(performance.now());
        this.#arm();
        return result;
    }

    // --- inside ---

    /** @template T @param {() => Promise<T>} operation @returns {Promise<T>} */
    #inTurn(operation) {
        const done = this.#last.then(operation);
        this.#last = done.then(
            () => {},
            () => {},
        );
        return done;
    }

    /** @param {number} k @param {RTCDataChannel} channel */
    #take(k, channel) {
        this.#channels[k] = channel;
        channel.binaryType = "arraybuffer";
        channel.bufferedAmountLowThreshold = CHANNEL_LOW;
        channel.onbufferedamountlow = () => this.use(() => this.mux.flush());
        channel.onmessage = ({ data }) => {
            const bytes = typeof data === "string" ? utf8(data) : new Uint8Array(data);
            this.#start(); // a message may come before the event that the channel is open
            this.use((now) => this.mux.feed(k, bytes, now));
        };
        channel.onopen = () => (k === 0 ? this.#start() : this.use(() => this.mux.flush()));
        channel.onclose = () => k === 0 && this.#fail("the other side closed the data channel");
        if (k === 0 && channel.readyState === "open") this.#start();
    }

    #start() {
        if (this.#isStarted || this.#channels[0]?.readyState !== "open") return;
        this.#isStarted = true;
        const sdp = this.connection.remoteDescription?.sdp ?? "";
        const promise = /^a=tunnel-agree:([\x21-\x7e]{1,256})\r?$/m.exec(sdp);
        this.use((now) => this.mux.start(promise ? utf8(promise[1]) : null, now));
    }

    /** @param {number} k @param {Uint8Array} frame */
    #send(k, frame) {
        try {
            this.#channels[k].send(frame);
        } catch {
            // A body without this frame would be wrong and look right.
            queueMicrotask(() => this.#fail("a frame could not be sent"));
        }
    }

    /** What is small goes as long as the channel has none of it.
     * @param {number} k @param {boolean} isBulk */
    #canSend(k, isBulk) {
        const channel = this.#channels[k];
        if (this.#isClosed || channel?.readyState !== "open") return false;
        return channel.bufferedAmount < (isBulk ? CHANNEL_HIGH : 2 * CHANNEL_HIGH);
    }

    #onPath() {
        const state = this.connection.iceConnectionState;
        if (this.#isClosed) return;
        if (state === "connected" || state === "completed") this.handlers.onpath(this, "works");
        else if (state === "disconnected") this.handlers.onpath(this, "silent");
        else if (state === "failed") this.handlers.onpath(this, "lost");
    }

    #arm() {
        const at = this.#isClosed ? Infinity : this.mux.deadline();
        if (at === this.#timerAt) return;
        clearTimeout(this.#timer);
        this.#timerAt = at;
        if (at !== Infinity)
            this.#timer = setTimeout(() => this.#onDue(), Math.max(0, at - performance.now()));
    }

    #onDue() {
        const hasSlept = performance.now() - this.#timerAt > SLEEP;
        this.#timerAt = Infinity;
        // What came meanwhile is unread yet: nobody is dead for our sleep.
        if (hasSlept) this.use((now) => this.mux.hello.hear(now));
        else this.use((now) => this.mux.onDeadline(now));
        if (hasSlept && !this.#isClosed) this.handlers.onwake(this);
    }

    /** @param {string} text */
    #fail(text) {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.handlers.onclosed(this, text);
        this.#release(text);
    }

    /** @param {string} text */
    #release(text) {
        this.#arm();
        for (const channel of this.#channels) {
            if (channel)
                channel.onopen =
                    channel.onmessage =
                    channel.onclose =
                    channel.onbufferedamountlow =
                        null;
        }
        this.connection.onicecandidate = this.connection.oniceconnectionstatechange = null;
        this.connection.onconnectionstatechange = null;
        this.connection.close();
        this.mux.fail(text);
    }
}

/** What is longer is no description. @param {string} sdp */
export const isUsable = (sdp) => sdp.length <= SDP_MAX && identityOf(sdp) !== null;
