// fetch() through the tunnel.
//
//   prepare ──► session ──► stream: head, body ──► head ──► Response, its body
//                  ▲                                 │
//                  └────────── redirect ◄────────────┘
//
// Failures are TypeErrors with the tunnel's reason; an abort is the signal's own.

import { Gate, ResponseBody, decoded, requestBody, sendBody } from "./body.js";
import { Framing, valuesOf } from "./fields.js";
import { StreamError, tunnelError } from "./stream_error.js";
import { targetOf } from "./target.js";

/** @typedef {import("./fields.js").Field} Field */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {RequestInit & {headers?: HeadersInit}} TunnelInit */

/**
 * What fetch() resolves with: a Response that also tells what a Response cannot.
 * @typedef {Response & {fields: Field[], trailers: Promise<Field[]>}} TunnelResponse
 */

/**
 * @typedef {object} Prepared
 * @property {string} method
 * @property {Field[]} fields
 * @property {import("./body.js").RequestBody} body
 * @property {RequestRedirect} redirect
 * @property {AbortSignal | null} signal
 */

const REDIRECTS_MAX = 20;
const REDIRECTS = [301, 302, 303, 307, 308];
const NULL_BODY = [204, 205, 304];
const READERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"];
const METHODS = /^(get|head|post|put|delete|options)$/i; // whose case does not matter

/** Pairs stay as they are, twice the same name included.
 * @param {HeadersInit | undefined} headers @returns {Field[]} */
function fieldsOf(headers) {
    const pairs = Array.isArray(headers)
        ? headers
        : headers instanceof Headers
          ? [...headers]
          : Object.entries(headers ?? {});
    return pairs.map(([name, value]) => [`${name}`, `${value}`.trim()]);
}

/** @param {Request | string | URL} input @param {TunnelInit} init @returns {Promise<Prepared>} */
async function prepare(input, init) {
    const request = input instanceof Request ? input : null;
    const said = init.method ?? request?.method ?? "GET";
    const method = METHODS.test(said) ? said.toUpperCase() : said;
    const bodyInit = init.body ?? (request?.body ? await request.blob() : null);
    if (bodyInit !== null && (method === "GET" || method === "HEAD"))
        throw new TypeError(`a ${method} has no body`);
    const body = await requestBody(bodyInit);
    const fields = fieldsOf(init.headers ?? request?.headers).filter(
        ([name]) => !/^(host|content-length)$/i.test(name),
    );
    if (body.type && valuesOf(fields, "content-type").length === 0)
        fields.push(["Content-Type", body.type]);
    return {
        method,
        fields,
        body,
        redirect: init.redirect ?? request?.redirect ?? "follow",
        signal: init.signal ?? request?.signal ?? null,
    };
}

/** @param {Prepared} prepared @param {string} host @returns {Field[]} */
function headFields({ fields, body, method }, host) {
    /** @type {Field[]} */
    const all = [["Host", host], ...fields];
    const lacks = (/** @type {string} */ name) => valuesOf(fields, name).length === 0;
    if (lacks("accept")) all.push(["Accept", "*/*"]);
    // As browsers do: parts of what is packed are of no use. Some servers have
    // nothing for who does not take it packed.
    if (lacks("accept-encoding"))
        all.push(["Accept-Encoding", lacks("range") ? "gzip" : "identity"]);
    if (body.framing === Framing.LENGTH) all.push(["Content-Length", `${body.length}`]);
    else if (body.framing === Framing.NONE && /^(POST|PUT|PATCH)$/.test(method))
        all.push(["Content-Length", "0"]);
    return all;
}

/** One request and its response's head.
 * @param {Session} session @param {Prepared} prepared @param {ReturnType<typeof targetOf>} target
 * @returns {Promise<{head: import("./fields.js").ResponseHead, body: ResponseBody,
 *     trailers: Promise<Field[]>, cancel: () => void}>} */
function exchange(session, prepared, target) {
    const { body, method, signal } = prepared;
    const gate = new Gate();
    return new Promise((resolve, reject) => {
        /** @type {(fields: Field[]) => void} */
        let resolveTrailers = () => {};
        /** @type {(error: unknown) => void} */
        let rejectTrailers = () => {};
        const trailers = new Promise((/** @type {(fields: Field[]) => void} */ resolve, reject) => {
            resolveTrailers = resolve;
            rejectTrailers = reject;
        });
        trailers.catch(() => {}); // of nobody's concern unless somebody asks
        const fail = (/** @type {unknown} */ error) => {
            finish();
            responseBody.fail(error);
            rejectTrailers(error);
            reject(error);
        };
        const finish = () => {
            signal?.removeEventListener("abort", onabort);
            gate.open();
        };
        const cancel = () => {
            finish();
            session.use(() => stream.cancel(StreamError.CANCELLED, "the client went away"));
        };
        const onabort = () => {
            cancel();
            fail(signal?.reason);
        };
        const responseBody = new ResponseBody(
            session,
            () => stream,
            (reason) => {
                cancel();
                rejectTrailers(reason ?? new TypeError("the body was cancelled"));
            },
        );
        const framing =
            body.framing === Framing.NONE && /^(POST|PUT|PATCH)$/.test(method)
                ? Framing.LENGTH
                : body.framing;
        const request = {
            framing,
            method,
            target: target.target,
            fields: headFields(prepared, target.host),
        };
        const stream = session.use(() =>
            session.mux.open(request, {
                onhead: (head) => resolve({ head, body: responseBody, trailers, cancel }),
                onbody: (bytes) => responseBody.push(bytes),
                onend: (fields) => {
                    finish();
                    responseBody.end();
                    resolveTrailers(fields);
                },
                onerror: (code, text) => fail(tunnelError(code, text)),
                ondrain: () => gate.open(),
            }),
        );
        signal?.addEventListener("abort", onabort);
        const content = body.open();
        if (!content) session.use(() => stream.end());
        else
            sendBody(content, stream, gate, session).catch((error) => {
                cancel();
                fail(error);
            });
    });
}

/** What a redirect changes (Fetch, "HTTP-redirect fetch"); null where there is
 * none to follow. @param {Prepared} prepared @param {number} status */
async function redirected(prepared, status) {
    const { method } = prepared;
    const becomesGet =
        status === 303 ? method !== "GET" && method !== "HEAD" : status <= 302 && method === "POST";
    if (!becomesGet) {
        if (!prepared.body.isReplayable)
            throw new TypeError("a redirect asks for the body again, which was a stream");
        return prepared;
    }
    const fields = prepared.fields.filter(([name]) => !/^content-/i.test(name));
    return { ...prepared, method: "GET", fields, body: await requestBody(null) };
}

/** Browsers have words of their own for a body that fails while they read it.
 * @param {any} response @param {string} name @param {ResponseBody} body */
function keepReason(response, name, body) {
    const read = response[name];
    if (!read) return; // an older browser
    const value = () =>
        read.call(response).catch((/** @type {unknown} */ error) => {
            throw body.error ?? error;
        });
    Object.defineProperty(response, name, { value });
}

/** @param {Awaited<ReturnType<typeof exchange>>} exchanged @param {string} url
 * @param {boolean} wasRedirected @param {string} method @returns {TunnelResponse} */
function responseOf({ head, body, trailers }, url, wasRedirected, method) {
    const { status, reason, fields } = head;
    if (status > 599) throw new TypeError(`a page cannot be shown the status ${status}`);
    const isEmpty = NULL_BODY.includes(status) || method === "HEAD";
    const content = isEmpty ? null : decoded(body.readable, valuesOf(fields, "content-encoding"));
    const headers = new Headers();
    for (const [name, value] of fields) headers.append(name, value);
    // What a Response would refuse, where it came from the upstream, is cut down.
    const statusText = /[^\t\x20-\x7e\x80-\xff]/.test(reason) ? "" : reason;
    const response = new Response(content, { status, statusText, headers });
    const more = { url, redirected: wasRedirected, fields, trailers };
    for (const [name, value] of Object.entries(more))
        Object.defineProperty(response, name, { value });
    for (const name of READERS) keepReason(response, name, body);
    return /** @type {TunnelResponse} */ (response);
}

/** @param {() => Promise<Session>} session @param {Request | string | URL} input
 * @param {TunnelInit} init @returns {Promise<TunnelResponse>} */
export async function tunnelFetch(session, input, init) {
    let target = targetOf(input instanceof Request ? input.url : input);
    let prepared = await prepare(input, init);
    for (let count = 0; ; count++) {
        prepared.signal?.throwIfAborted();
        const exchanged = await exchange(await session(), prepared, target);
        const { status, fields } = exchanged.head;
        const [location] = REDIRECTS.includes(status) ? valuesOf(fields, "location") : [];
        if (location === undefined || prepared.redirect === "manual")
            return responseOf(exchanged, target.href, count > 0, prepared.method);
        exchanged.cancel();
        if (prepared.redirect === "error")
            throw new TypeError(`the upstream redirects to ${location}`);
        if (count === REDIRECTS_MAX)
            throw new TypeError(`the upstream redirects more than ${REDIRECTS_MAX} times`);
        const next = targetOf(new URL(location, target.href));
        if (next.origin !== target.origin)
            throw new TypeError(`the upstream redirects out of the tunnel, to ${location}`);
        prepared = await redirected(prepared, status);
        target = next;
    }
}
