// HTML of the app on its way into the frame: with the shim in it, and a policy that
// lets that run.

import { shimScript } from "./shim.js";

const HEAD = /<head(\s[^>]*)?>/i;
/** Where there is no head to be seen, behind these. */
const BEFORE_HEAD = /^(\ufeff|\s|<!--[^]*?-->|<!doctype[^>]*>|<html(\s[^>]*)?>)*/i;
/** Another element: no head comes. */
const CONTENT = /<(?!head[\s>]|html[\s>])[a-z][^>]*>/i;
const LOOKED_AT = 4096;

/** Where the shim goes in what has come so far; -1: that cannot be told yet.
 * @param {string} text @param {boolean} isWhole */
export function placeOf(text, isWhole) {
    const head = HEAD.exec(text);
    if (head) return head.index + head[0].length;
    const isTold = isWhole || text.length >= LOOKED_AT || CONTENT.test(text);
    return isTold ? (BEFORE_HEAD.exec(text)?.[0].length ?? 0) : -1;
}

/** Bytes as characters: where tags are is the same in all encodings of the web but
 * UTF-16, which is not looked into. @param {Uint8Array} bytes */
const asText = (bytes) => new TextDecoder("latin1").decode(bytes);

/** @param {ReadableStream<Uint8Array>} body @returns {ReadableStream<Uint8Array>} */
export function withShim(body) {
    const script = new TextEncoder().encode(`<script>${shimScript}</script>`);
    let start = new Uint8Array(0); // until the place is known
    let isIn = false;
    /** @param {Uint8Array} chunk @param {boolean} isWhole
     * @param {TransformStreamDefaultController<Uint8Array>} controller */
    const pass = (chunk, isWhole, controller) => {
        const longer = new Uint8Array(start.length + chunk.length);
        longer.set(start);
        longer.set(chunk, start.length);
        start = longer;
        const at = placeOf(asText(start), isWhole);
        if (at < 0) return;
        isIn = true;
        controller.enqueue(start.subarray(0, at));
        controller.enqueue(script);
        controller.enqueue(start.subarray(at));
    };
    return body.pipeThrough(
        new TransformStream({
            transform(chunk, controller) {
                if (isIn) controller.enqueue(chunk);
                else pass(chunk, false, controller);
            },
            flush(controller) {
                if (!isIn) pass(new Uint8Array(0), true, controller);
            },
        }),
    );
}

/** By its hash in a policy. */
async function hashOfShim() {
    const bytes = new TextEncoder().encode(shimScript);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return `'sha256-${btoa(String.fromCharCode(...digest))}'`;
}
const hash = hashOfShim();

/** @param {string} sources  of a directive about scripts @param {string} allowed */
function allowing(sources, allowed) {
    const isOpen = /'unsafe-inline'/i.test(sources) && !/'(nonce-|sha\d+-|strict-)/i.test(sources);
    return isOpen ? sources : `${sources.replace(/'none'/i, "")} ${allowed}`.trim();
}

/** A Content-Security-Policy that lets the shim run and the frame be one.
 * @param {string} value @param {string} allowed  the shim's hash */
export function relaxed(value, allowed) {
    return value
        .split(",")
        .map((policy) => {
            /** @type {[string, string][]} */
            const all = policy
                .split(";")
                .map((text) => text.trim())
                .filter((text) => text && !/^frame-ancestors\b/i.test(text))
                .map((text) => [/^\S+/.exec(text)?.[0] ?? "", text.replace(/^\S+\s*/, "")]);
            const named = (/** @type {string} */ name) =>
                all.find(([directive]) => directive.toLowerCase() === name);
            const own = named("script-src-elem") ?? named("script-src");
            const general = named("default-src");
            if (own) own[1] = allowing(own[1], allowed);
            else if (general) all.push(["script-src", allowing(general[1], allowed)]);
            return all.map(([name, sources]) => `${name} ${sources}`.trim()).join("; ");
        })
        .filter((policy) => policy)
        .join(", ");
}

/** @param {[string, string][]} fields  of a document @returns {Promise<[string, string][]>} */
export async function withPolicy(fields) {
    const allowed = await hash;
    return fields.map(([name, value]) => [
        name,
        /^content-security-policy$/i.test(name) ? relaxed(value, allowed) : value,
    ]);
}

/** @param {[string, string][]} fields */
export function isHtml(fields) {
    const type = fields.find(([name]) => /^content-type$/i.test(name))?.[1] ?? "";
    return /^text\/html\b/i.test(type) && !/utf-16/i.test(type);
}
