// One request of the frame, as the service worker hands it over with a port.
//
//   worker                                      page
//     request {url, method, headers, body} ────►
//     ◄──── head {status, statusText, headers}, or failed
//     pull ──────────────────────────────────►
//     ◄──────────────────────── chunk, or end, or failed
//     cancel ────────────────────────────────►

import { Jar } from "./cookie_jar.js";

/** @typedef {import("../tunnel/tunnel.js").Tunnel} Tunnel */
/** @typedef {[name: string, value: string][]} Fields */

/**
 * @typedef {object} Asked  what the worker hands over
 * @property {string} url
 * @property {string} method
 * @property {Fields} headers
 * @property {ArrayBuffer | null} body
 * @property {RequestRedirect} redirect
 */

const jar = new Jar();

/** What a frame's response must not have: its length, which a changed body does
 * not have any more, what a browser has done already, and that it may stand in
 * no frame. @param {Fields} fields */
function cleaned(fields) {
    const dropped =
        /^(content-length|content-encoding|set-cookie|x-frame-options|strict-transport-security)$/i;
    return fields
        .filter(([name]) => !dropped.test(name))
        .map(([name, value]) => {
            if (!/^content-security-policy$/i.test(name)) return [name, value];
            return [
                name,
                value
                    .split(";")
                    .filter((part) => !/^\s*frame-ancestors\b/i.test(part))
                    .join(";"),
            ];
        });
}

/** @param {Tunnel} tunnel
 * @param {Asked} request
 * @param {AbortSignal} signal */
async function ask(tunnel, { url, method, headers, body, redirect }, signal) {
    for (let target = url, how = method, content = body, count = 0; ; count++) {
        const { pathname } = new URL(target);
        const cookies = jar.header(pathname);
        /** @type {Fields} */
        const sent = cookies ? [...headers, ["Cookie", cookies]] : headers;
        const init = {
            method: how,
            headers: sent,
            body: content,
            redirect: /** @type {const} */ ("manual"),
            signal,
        };
        const response = await tunnel.fetch(target, init);
        jar.take(response.fields, pathname);
        const location = response.headers.get("location");
        const isRedirect = location !== null && [301, 302, 303, 307, 308].includes(response.status);
        if (!isRedirect || redirect !== "follow" || count === 20) return response;
        await response.body?.cancel();
        const next = new URL(location, target);
        if (next.origin !== new URL(url).origin)
            throw new TypeError(`the app redirects out of the tunnel, to ${location}`);
        target = next.href;
        if (response.status === 303 || (response.status < 303 && how === "POST"))
            [how, content] = ["GET", null];
    }
}

/** @param {Tunnel} tunnel @param {any} request @param {MessagePort} port */
export async function answer(tunnel, request, port) {
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
        const response = await ask(tunnel, request, abort.signal);
        reader = response.body?.getReader();
        const { status, statusText, fields } = response;
        port.postMessage({ status, statusText, headers: cleaned(fields), isEmpty: !reader });
    } catch (error) {
        fail(error);
    }
}
