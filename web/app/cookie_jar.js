// The app's cookies (RFC 6265), which a service worker can neither see nor set.
// One host, so that only paths and times tell them apart. They stay in this page,
// out of reach of scripts, whether HttpOnly or not: as cookies of this origin they
// would go to whoever serves it.

const COOKIES_MAX = 300;
const SIZE_MAX = 4096;

/**
 * @typedef {object} Cookie
 * @property {string} name
 * @property {string} value
 * @property {string} path
 * @property {number} expires  ms of Date; Infinity: with the page
 */

/** Section 5.1.4. @param {string} path */
function defaultPath(path) {
    const end = path.lastIndexOf("/");
    return end <= 0 ? "/" : path.slice(0, end);
}

/** @param {string} path @param {string} of */
const isBelow = (path, of) =>
    path === of || (path.startsWith(of) && (of.endsWith("/") || path[of.length] === "/"));

/** Section 5.2; null for what is none. @param {string} text @param {string} path
 * @returns {Cookie | null} */
function parse(text, path) {
    const [pair, ...attributes] = text.split(";");
    const at = pair.indexOf("=");
    if (at < 1 || text.length > SIZE_MAX) return null;
    const cookie = {
        name: pair.slice(0, at).trim(),
        value: pair.slice(at + 1).trim(),
        path: defaultPath(path),
        expires: Infinity,
    };
    let hasMaxAge = false;
    for (const attribute of attributes) {
        const [, name, value = ""] = /^\s*([^=]*?)\s*(?:=\s*(.*?)\s*)?$/.exec(attribute) ?? [];
        if (/^path$/i.test(name) && value.startsWith("/")) cookie.path = value;
        if (/^max-age$/i.test(name) && /^-?\d+$/.test(value)) {
            cookie.expires = Date.now() + Number(value) * 1000;
            hasMaxAge = true;
        }
        if (/^expires$/i.test(name) && !hasMaxAge && !Number.isNaN(Date.parse(value)))
            cookie.expires = Date.parse(value);
    }
    return cookie;
}

export class Jar {
    /** @type {Cookie[]} */
    #cookies = []; // in the order in which they were made

    /** Of a response to a request for that path.
     * @param {[string, string][]} fields @param {string} path */
    take(fields, path) {
        for (const [name, value] of fields) {
            const cookie = /^set-cookie$/i.test(name) ? parse(value, path) : null;
            if (!cookie) continue;
            const at = this.#cookies.findIndex(
                (old) => old.name === cookie.name && old.path === cookie.path,
            );
            if (at >= 0) this.#cookies[at] = cookie;
            else this.#cookies.push(cookie);
        }
        const now = Date.now();
        this.#cookies = this.#cookies.filter(({ expires }) => expires > now).slice(-COOKIES_MAX);
    }

    /** The Cookie field of a request for that path; "" for none. Longer paths
     * come first. @param {string} path */
    header(path) {
        const now = Date.now();
        return this.#cookies
            .filter((cookie) => cookie.expires > now && isBelow(path, cookie.path))
            .sort((a, b) => b.path.length - a.path.length)
            .map(({ name, value }) => `${name}=${value}`)
            .join("; ");
    }
}
