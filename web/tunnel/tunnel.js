// A tunnel in a page: HTTP and WebSocket to whom a link leads, peer to peer and
// end-to-end encrypted.
//
//   import { connect } from "./tunnel.js";
//   const tunnel = await connect(link, { onstatus: ({ text }) => console.log(text) });
//   const response = await tunnel.fetch("/v1/models");

import { Keeper } from "./keeper.js";
import { parseLink } from "./link.js";
import { tunnelFetch } from "./fetch.js";
import { roomOf } from "./seal.js";
import { TunnelWebSocket } from "./websocket.js";

/** @typedef {import("./keeper_report.js").Status} Status */
/** @typedef {import("./fetch.js").TunnelResponse} TunnelResponse */

/**
 * @typedef {object} ConnectOptions
 * @property {(status: Status) => void} [onstatus]  at each change
 * @property {RTCIceServer[]} [iceServers]
 * @property {number} [timeout]  ms to wait for the first session; Infinity: for ever
 * @property {AbortSignal} [signal]  gives connecting up
 */

const TIMEOUT = 30_000;
const ICE_SERVERS = [{ urls: "stun:stun.l.google.com:19302" }];

export class Tunnel {
    #keeper;

    /** Made by connect(). @param {Keeper} keeper */
    constructor(keeper) {
        this.#keeper = keeper;
        const session = () => keeper.session();
        /** Like the browser's own WebSocket, and through the tunnel. */
        this.WebSocket = class extends TunnelWebSocket {
            /** @param {string | URL} url  absolute, or a path
             * @param {string | string[]} [protocols] */
            constructor(url, protocols) {
                super(session, url, protocols);
            }
        };
    }

    /** Like the browser's own. Of the URL, its path and query travel. `fields` of
     * the response has its fields one by one, `trailers` what came behind its
     * body. Rejects with a TypeError that has the tunnel's reason, and for
     * programs `cause.type`. While the tunnel is interrupted it waits 10 s.
     * @param {Request | string | URL} input
     * @param {import("./fetch.js").TunnelInit} [init] @returns {Promise<TunnelResponse>} */
    fetch = (input, init = {}) => tunnelFetch(() => this.#keeper.session(), input, init);

    /** Ends all that is under way, and leaves. */
    close() {
        this.#keeper.close();
    }
}

/** What this browser lacks; null for nothing. */
function lack() {
    if (!globalThis.RTCPeerConnection)
        return "there is no WebRTC here: a page of a browser has it, a worker and Node.js have not";
    if (!globalThis.crypto?.subtle) return "the page must come by https, or from localhost";
    return null;
}

/** Connects to whom the link leads, and stays connected until close(). Rejects
 * with a TypeError that says why, for a link that is none, and when there is no
 * session in time.
 * @param {string} link @param {ConnectOptions} [options] @returns {Promise<Tunnel>} */
export async function connect(link, options = {}) {
    const { onstatus = () => {}, iceServers = ICE_SERVERS, timeout = TIMEOUT, signal } = options;
    const missing = lack();
    if (missing) throw new TypeError(missing);
    const parsed = await parseLink(link);
    const room = await roomOf(parsed);
    // One for all sessions: by it the other side knows who comes back.
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const certificate = await RTCPeerConnection.generateCertificate(algorithm);
    signal?.throwIfAborted();
    const rtc = { iceServers, certificates: [certificate] };
    const keeper = new Keeper({ link: parsed, room, rtc, onstatus });
    const onabort = () => keeper.close();
    signal?.addEventListener("abort", onabort);
    try {
        await keeper.session(timeout);
    } catch (error) {
        keeper.close();
        throw signal?.aborted ? signal.reason : error;
    } finally {
        signal?.removeEventListener("abort", onabort);
    }
    return new Tunnel(keeper);
}
