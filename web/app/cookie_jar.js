// The app's cookies (RFC 6265), which a service worker can neither see nor set.
// One host, so that only paths and times tell them apart: a Domain is not looked
// at, and Secure is what the tunnel is. They stay in this page: as cookies of this
// origin they would go to whoever serves it.

import { parseCookieDate } from "./cookie_date.js";

const COOKIES_MAX = 300;
const SIZE_MAX = 4096;
/** Nobody can see when a browser's session ends: one that says nothing of its time
 * is kept so long. In ms. */
const SESSION_KEPT = 24 * 3600 * 1000;

/**
 * @typedef {object} Cookie
 * @property {string} name
 * @property {string} value
 * @property {string} path
 * @property {number | null} expires  ms of Date; null: with the session
 * @property {boolean} isHttpOnly
 */

/** Section 5.1.4. @param {string} path */
function defaultPath(path) {
    const end = path.lastIndexOf("/");
    return end <= 0 ? "/" : path.slice(0, end);
}

/** @param {string} path @param {string} of */
const isBelow = (path, of) =>
    path === of || (path.startsWith(of) && (of.endsWith("/") || path[of.length] === "/"));

/** Section 5.2.2. @param {string} value */
function expiryOf(value) {
    const seconds = Number(value);
    return seconds <= 0 ? -Infinity : Date.now() + seconds * 1000;
}

/** What stands behind the value: of each attribute the last one counts.
 * @param {string[]} texts @returns {Map<string, string>} */
function attributesOf(texts) {
    return new Map(
        texts.map((text) => {
            const at = text.indexOf("=");
            const name = at < 0 ? text : text.slice(0, at);
            return [name.trim().toLowerCase(), at < 0 ? "" : text.slice(at + 1).trim()];
        }),
    );
}

/** Section 5.2; null for what is none. @param {string} text @param {string} path
 * @returns {Cookie | null} */
function parse(text, path) {
    const [pair, ...rest] = text.split(";");
    const at = pair.indexOf("=");
    const name = pair.slice(0, Math.max(at, 0)).trim();
    const value = pair.slice(at + 1).trim();
    if (at < 0 || name === "" || name.length + value.length > SIZE_MAX) return null;
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(text)) return null;
    const attributes = attributesOf(rest);
    const place = attributes.get("path") ?? "";
    const age = attributes.get("max-age") ?? "";
    return {
        name,
        value,
        path: place.startsWith("/") ? place : defaultPath(path),
        expires: /^-?\d+$/.test(age)
            ? expiryOf(age)
            : parseCookieDate(attributes.get("expires") ?? ""),
        isHttpOnly: attributes.has("httponly"),
    };
}

export class Jar {
    /** @type {Cookie[]} */
    #cookies = []; // in the order in which they were made

    /** @param {(kept: string) => void} [onchange]  what is to be kept */
    constructor(onchange = () => {}) {
        this.onchange = onchange;
    }

    /** Of a response to a request for that path.
     * @param {[string, string][]} fields @param {string} path */
    take(fields, path) {
        const said = fields.filter(([name]) => /^set-cookie$/i.test(name));
        const cookies = said.map(([, value]) => parse(value, path)).filter((cookie) => !!cookie);
        for (const cookie of cookies) this.#put(cookie);
        if (cookies.length > 0) this.#tidy();
    }

    /** The Cookie field of a request for that path; "" for none. @param {string} path */
    header(path) {
        return this.#list(path, () => true);
    }

    /** document.cookie of a document of that path. @param {string} path */
    read(path) {
        return this.#list(path, ({ isHttpOnly }) => !isHttpOnly);
    }

    /** A script sets one, which has nothing to do with those that are HttpOnly.
     * @param {string} text @param {string} path */
    write(text, path) {
        const cookie = parse(text, path);
        if (!cookie || cookie.isHttpOnly || this.#same(cookie)?.isHttpOnly) return;
        this.#put(cookie);
        this.#tidy();
    }

    /** What onchange() told once. @param {string} kept */
    restore(kept) {
        const { at, cookies } = JSON.parse(kept);
        const isSession = Date.now() - at < SESSION_KEPT;
        this.#cookies = cookies.filter(
            (/** @type {Cookie} */ { expires }) => isSession || expires !== null,
        );
    }

    /** @param {Cookie} cookie */
    #same({ name, path }) {
        return this.#cookies.find((old) => old.name === name && old.path === path);
    }

    /** @param {Cookie} cookie */
    #put(cookie) {
        const old = this.#same(cookie);
        if (old) Object.assign(old, cookie);
        else this.#cookies.push(cookie);
    }

    #tidy() {
        this.#cookies = this.#cookies.filter(isGood).slice(-COOKIES_MAX);
        this.onchange(JSON.stringify({ at: Date.now(), cookies: this.#cookies }));
    }

    /** Longer paths come first. @param {string} path
     * @param {(cookie: Cookie) => boolean} isWanted */
    #list(path, isWanted) {
        return this.#cookies
            .filter((cookie) => isGood(cookie) && isBelow(path, cookie.path) && isWanted(cookie))
            .sort((a, b) => b.path.length - a.path.length)
            .map(({ name, value }) => `${name}=${value}`)
            .join("; ");
    }
}

/** @param {Cookie} cookie */
function isGood({ expires }) {
    return expires === null || expires > Date.now();
}
