// Heads and trailers in bytes (docs/PROTOCOL.md, "fields"). A field is a pair of
// name and value; the characters of a value are its bytes.
//
//    0        1                2+n      4+n               4+n+v
//   +--------+--------+---- n --+--------+--------+---- v --+
//   |  name's length  |  name   | value's length  |  value  |   and so on
//   +--------+--------+---------+--------+--------+---------+

import { fromLatin1, join, latin1, viewOf } from "./bytes.js";
import { FRAME_MAX, HEADER } from "./frame.js";

/** @typedef {[name: string, value: string]} Field */

/**
 * @typedef {object} RequestHead
 * @property {number} framing
 * @property {string} method
 * @property {string} target
 * @property {Field[]} fields
 */

/** How the end of a body is found. */
export const Framing = Object.freeze({ NONE: 0, LENGTH: 1, UNKNOWN: 2, PIPE: 3 });

export const FIELDS_MAX = 200;
const PAYLOAD_MAX = FRAME_MAX - HEADER;
const TARGET_MAX = 32768;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOP_BY_HOP = /^(connection|keep-alive|proxy-connection|te|transfer-encoding|upgrade)$/i;
const BARRED_FROM_TRAILERS = new RegExp(
    "^(content-length|transfer-encoding|host|trailer|connection|keep-alive|proxy-connection|te|" +
        "upgrade|via|forwarded|max-forwards|expect|cache-control|pragma|range|if-match|" +
        "if-none-match|if-modified-since|if-unmodified-since|if-range|authorization|" +
        "proxy-authorization|www-authenticate|proxy-authenticate|authentication-info|" +
        "proxy-authentication-info|cookie|set-cookie|age|date|expires|location|retry-after|vary|" +
        "warning|content-encoding|content-type|content-range)$",
    "i",
);

/** @param {string} text */
export const isToken = (text) => TOKEN.test(text);

/** All values of that name. @param {Field[]} fields @param {string} name */
export const valuesOf = (fields, name) =>
    fields
        .filter((field) => field[0].toLowerCase() === name.toLowerCase())
        .map((field) => field[1]);

/** Whether a field may travel: those of one connection may not, but for the
 * protocols that a pipe may switch to, and that trailers are welcome.
 * @param {Field} field @param {boolean} isRequest @param {boolean} isPipe */
function mayTravel([name, value], isRequest, isPipe) {
    if (!HOP_BY_HOP.test(name)) return true;
    if (/^upgrade$/i.test(name)) return isPipe;
    return /^te$/i.test(name) && value === "trailers" && isRequest;
}

// --- encoding ---

/** @param {number} size @param {string} text */
function string(size, text) {
    const bytes = fromLatin1(text);
    const out = new Uint8Array(size + bytes.length);
    if (bytes.length >= 2 ** (8 * size)) throw new TypeError("a field is too long for the tunnel");
    if (size === 1) out[0] = bytes.length;
    else viewOf(out).setUint16(0, bytes.length);
    out.set(bytes, size);
    return out;
}

/** @param {RequestHead} head */
function check({ framing, method, target, fields }) {
    if (!isToken(method)) throw new TypeError(`'${method}' is no HTTP method`);
    if (!/^\/[\x21\x22\x24-\x7e]*$/.test(target) || target.length > TARGET_MAX)
        throw new TypeError("the path is too long, or has characters that may not stand there");
    if (fields.length > FIELDS_MAX)
        throw new TypeError(`a request has at most ${FIELDS_MAX} fields`);
    for (const field of fields) {
        if (!isToken(field[0])) throw new TypeError(`'${field[0]}' is no field name`);
        if (/[^\t\x20-\x7e\x80-\uffff]/.test(field[1]))
            throw new TypeError(`the value of '${field[0]}' has control characters`);
        if (!mayTravel(field, true, framing === Framing.PIPE))
            throw new TypeError(`'${field[0]}' concerns one connection, and does not travel`);
    }
}

/** The payload of REQ_HEADERS. Throws a TypeError for what may not stand there,
 * or does not fit a frame.
 * @param {RequestHead} head */
export function encodeRequest(head) {
    check(head);
    const section = head.fields.flatMap(([name, value]) => [string(2, name), string(2, value)]);
    const start = Uint8Array.of(head.framing);
    const payload = join(start, string(1, head.method), string(2, head.target), ...section);
    if (payload.length > PAYLOAD_MAX) throw new TypeError("the request's head is over 64 KiB");
    return payload;
}

// --- decoding ---

/** Cuts pieces off the front of a payload, each checked against what is left. */
class Reader {
    /** @param {Uint8Array} bytes */
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
        this.isShort = false;
    }

    /** @param {number} length */
    take(length) {
        if (this.at + length > this.bytes.length) {
            this.isShort = true;
            return new Uint8Array(length);
        }
        this.at += length;
        return this.bytes.subarray(this.at - length, this.at);
    }

    /** @param {number} size */
    number(size) {
        return this.take(size).reduce((value, byte) => value * 256 + byte, 0);
    }

    /** @param {number} size */
    string(size) {
        return latin1(this.take(this.number(size)));
    }

    /** Null when it is malformed. @param {boolean} isPipe */
    section(isPipe) {
        /** @type {Field[]} */
        const fields = [];
        while (!this.isShort && this.at < this.bytes.length) {
            if (fields.length === FIELDS_MAX) return null;
            /** @type {Field} */
            const field = [this.string(2), this.string(2)];
            if (!isToken(field[0]) || !VALUE.test(field[1]) || !mayTravel(field, false, isPipe))
                return null;
            fields.push(field);
        }
        return this.isShort ? null : fields;
    }
}

/** A length stands there where the framing says so, and nowhere else; but a
 * response without a body may tell what its length would be.
 * @param {number} framing @param {Field[]} fields */
function isLengthConsistent(framing, fields) {
    const lengths = valuesOf(fields, "content-length");
    if (lengths.length > 1 || !lengths.every((length) => /^\d{1,18}$/.test(length))) return false;
    return framing === Framing.NONE || (lengths.length === 1) === (framing === Framing.LENGTH);
}

/**
 * @typedef {object} ResponseHead
 * @property {number} framing
 * @property {number} status
 * @property {string} reason
 * @property {Field[]} fields
 */

/** The payload of RES_HEADERS and RES_INTERIM; null when it is malformed.
 * @param {Uint8Array} payload @returns {ResponseHead | null} */
export function decodeResponse(payload) {
    const reader = new Reader(payload);
    const framing = reader.number(1) & 3;
    const status = reader.number(2);
    const reason = reader.string(1);
    const fields = reader.section(framing === Framing.PIPE);
    const isValid = status >= 100 && status <= 999 && VALUE.test(reason);
    if (!fields || !isValid || !isLengthConsistent(framing, fields)) return null;
    return { framing, status, reason, fields };
}

/** The payload of RES_END; null when it is malformed. @param {Uint8Array} payload */
export function decodeTrailers(payload) {
    const fields = new Reader(payload).section(false);
    return fields?.every(([name]) => !BARRED_FROM_TRAILERS.test(name)) ? fields : null;
}
