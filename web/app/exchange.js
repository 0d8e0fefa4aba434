// One request of the frame, as the service worker hands it over with a port.
//
//   worker                                      page
//     request {url, method, headers, body} ────►
//     ◄──── head {status, statusText, headers}, or failed
//     pull ──────────────────────────────────►
//     ◄──────────────────────── chunk, or end, or failed
//     cancel ────────────────────────────────►
//
// Redirects are the browser's to follow: so the app sees where it is.

import { isHtml, withPolicy, withShim } from "./html.js";

/** @typedef {import("../tunnel/tunnel.js").Tunnel} Tunnel */
/** @typedef {[name: string, value: string][]} Fields */

/**
 * @typedef {object} Asked  what the worker hands over
 * @property {string} url
 * @property {string} method
 * @property {Fields} headers
 * @property {Blob | null} body
 * @property {boolean} isNavigation  a document for the frame, or one within
 */

/** What a frame's response must not have: its length, which a changed body does
 * not have any more; what has been done already; that it may stand in no frame;
 * and what is about the whole origin, which is the page's. */
const DROPPED = new RegExp(
    "^(content-length|content-encoding|set-cookie|x-frame-options|strict-transport-security|" +
        "clear-site-data|alt-svc|nel|report-to)$",
    "i",
);

/** What a request of a page says of its browser, which the worker does not see; and
 * where the app seems to be, for those that write addresses of their own. */
function ownFields() {
    return /** @type {Fields} */ ([
        ["X-Forwarded-Host", location.host],
        ["X-Forwarded-Proto", location.protocol.slice(0, -1)],
        ["User-Agent", navigator.userAgent],
        ["Accept-Language", navigator.languages.join(", ")],
    ]);
}

/** @param {Fields} fields @param {string} wanted */
const has = (fields, wanted) =>
    fields.some(([name]) => name.toLowerCase() === wanted.toLowerCase());

export class Exchanges {
    /** @type {Map<string, string>} */
    #downloads = new Map(); // names of files, by their URL

    /** @param {Tunnel} tunnel @param {import("./cookie_jar.js").Jar} jar */
    constructor(tunnel, jar) {
        this.tunnel = tunnel;
        this.jar = jar;
    }

    /** The next document of that URL is a file. @param {string} url
     * @param {string} name  "" for that of the response, or the URL */
    expectFile(url, name) {
        this.#downloads.set(new URL(url).href.replace(/#.*/, ""), name);
    }

    /** @param {Asked} request @param {MessagePort} port */
    async answer(request, port) {
        const abort = new AbortController();
        /** @type {ReadableStreamDefaultReader<Uint8Array> | undefined} */
        let reader;
        const fail = (/** @type {unknown} */ error) => {
            port.postMessage({ failed: error instanceof Error ? error.message : `${error}` });
            port.close();
        };
        port.onmessage = async ({ data }) => {
            if (data === "cancel") return abort.abort();
            try {
                const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
                port.postMessage(done ? "end" : value);
                if (done) port.close();
            } catch (error) {
                fail(error);
            }
        };
        try {
            const { status, statusText, headers, body } = await this.#ask(request, abort.signal);
            reader = body?.getReader();
            port.postMessage({ status, statusText, headers, isEmpty: !reader });
        } catch (error) {
            fail(error);
        }
    }

    /** @param {Asked} request @param {AbortSignal} signal */
    async #ask({ url, method, headers, body, isNavigation }, signal) {
        const { pathname } = new URL(url);
        const cookies = this.jar.header(pathname);
        /** @type {Fields} */
        const sent = headers.concat(ownFields().filter(([name]) => !has(headers, name)));
        if (cookies) sent.push(["Cookie", cookies]);
        const response = await this.tunnel.fetch(url, {
            method,
            headers: sent,
            body,
            redirect: "manual",
            signal,
        });
        this.jar.take(response.fields, pathname);
        const { status, statusText, fields } = response;
        const shown = isNavigation ? await this.#asDocument(url, response) : response;
        const left = (shown.fields ?? fields).filter(([name]) => !DROPPED.test(name));
        return { status, statusText, headers: left, body: shown.body };
    }

    /** @param {string} url @param {import("../tunnel/tunnel.js").TunnelResponse} response */
    async #asDocument(url, { fields, body }) {
        const name = this.#downloads.get(url);
        if (name !== undefined) {
            this.#downloads.delete(url);
            const said = fields.find(([field]) => /^content-disposition$/i.test(field))?.[1] ?? "";
            const asked = name ? `; filename*=UTF-8''${encodeURIComponent(name)}` : "";
            const others = fields.filter(([field]) => !/^content-disposition$/i.test(field));
            const value = /^\s*attachment\b/i.test(said) ? said : `attachment${asked}`;
            return { fields: [...others, ["Content-Disposition", value]], body };
        }
        if (!body || !isHtml(fields)) return { fields, body };
        return { fields: await withPolicy(fields), body: withShim(body) };
    }
}
