// Sealed signalling (docs/PROTOCOL.md): descriptions and candidates that the
// signal server cannot read, alter, replay, reflect or mix. The consumer's side,
// of one process. As src/tunnel/seal.c, by WebCrypto.
//
//    0        8                24       32                      -16
//   +--------+----------------+--------+-----------------------+----------+
//   | key id | process' salt  |  seq   |  ciphertext           |   tag    |
//   +--------+----------------+--------+-----------------------+----------+

import { base64url, equal, fromBase64url, fromUtf8, hex, join, utf8, viewOf } from "./bytes.js";

/** @typedef {"offer" | "answer" | "candidate"} SealType */
/** @typedef {"plain" | "malformed" | "reflected" | "of no invite" | "forged" | "replayed" |
 *     "misplaced" | "of an impostor"} Verdict */

const MARK = "x1.";
const KEY_ID = 8;
const SALT = 16;
const SEQ = 8;
const SALT_AT = KEY_ID;
const SEQ_AT = SALT_AT + SALT;
const TEXT_AT = SEQ_AT + SEQ;
const TAG = 16;
const PAD = 512; // so that the length says little
const PLAIN_MAX = 40 << 10;
const PROCESSES_MAX = 64; // whose last numbers are kept

const LABEL = "httptunnel link 1";
const IDENTITY = "httptunnel identity 1";
const { subtle } = globalThis.crypto ?? {};

/** @param {Uint8Array} ikm @param {Uint8Array} salt @param {Uint8Array} info
 * @param {number} length */
async function hkdf(ikm, salt, info, length) {
    const key = await subtle.importKey("raw", ikm, "HKDF", false, ["deriveBits"]);
    const how = { name: "HKDF", hash: "SHA-256", salt, info };
    return new Uint8Array(await subtle.deriveBits(how, key, 8 * length));
}

/** Where the link's two ends meet. @param {import("./link.js").Link} link */
export const roomOf = async (link) =>
    hex(await hkdf(link.providerId, utf8(LABEL), utf8("room"), 16));

/** @param {bigint} seq */
function seqBytes(seq) {
    const bytes = new Uint8Array(SEQ);
    viewOf(bytes).setBigUint64(0, seq);
    return bytes;
}

/** @param {Uint8Array} seq @param {SealType} type */
const cipher = (seq, type) => ({
    name: "AES-GCM",
    iv: join(new Uint8Array(4), seq),
    additionalData: utf8(type),
});

/** Who is heard in the room, as far as that one has been heard. */
export class Contact {
    /** @type {Uint8Array | null} */
    salt = null; // of its process
    itsOffer = 0n; // number of its last offer: an answer is about that
    ourOffer = 0n; // of our last one to it; 0 for none
    /** @type {Uint8Array | null} */
    fingerprint = null; // what it has signed
}

/** The certificate that a description speaks for; null unless it is one.
 * @param {string} sdp */
export function fingerprintOf(sdp) {
    const said = new Set(
        Array.from(sdp.matchAll(/^a=fingerprint:(.*?)\r?$/gm), (match) => match[1].toLowerCase()),
    );
    const match = /^sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})$/.exec([...said].join(" "));
    return match ? Uint8Array.from(match[1].split(":"), (byte) => parseInt(byte, 16)) : null;
}

/** A member in base64url, of that length; null for another.
 * @param {unknown} text @param {number} length */
function member(text, length) {
    const bytes = typeof text === "string" ? fromBase64url(text) : null;
    return bytes?.length === length ? bytes : null;
}

/** @param {Uint8Array} plain @param {SealType} type */
function parse(plain, type) {
    try {
        const message = JSON.parse(fromUtf8(plain));
        const text = message?.[type === "candidate" ? "candidate" : "sdp"];
        return message?.v === 1 && typeof text === "string" ? { message, text } : null;
    } catch {
        return null;
    }
}

export class Seal {
    #seq = 0n;
    /** @type {Map<string, bigint>} */
    #heard = new Map(); // the last number of each process, in the order in which they were heard
    /** @type {CryptoKey | null} */
    #ownKey = null;

    /** @param {import("./link.js").Link} link
     * @param {Uint8Array} salt  what stands for this process */
    constructor(link, salt = crypto.getRandomValues(new Uint8Array(SALT))) {
        this.salt = salt;
        this.providerId = link.providerId;
        const labelled = join(utf8(LABEL), link.providerId);
        /** @param {string} info @param {number} length */
        const derive = (info, length) => hkdf(link.secret, labelled, utf8(info), length);
        this.labelled = labelled;
        this.keys = Promise.all([
            derive("id", KEY_ID),
            derive("from provider", 32),
            derive("from consumer", 32),
        ]);
    }

    /** @param {Uint8Array} direction @param {Uint8Array} salt */
    async #keyOf(direction, salt) {
        const bytes = await hkdf(direction, this.labelled, join(utf8("seal"), salt), 32);
        return subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
    }

    /** The string for the other side. One call after the other: they are
     * numbered. Null when the text is far too long.
     * @param {Contact} contact @param {SealType} type @param {string} text */
    async wrap(contact, type, text) {
        const [keyId, , fromConsumer] = await this.keys;
        const json = JSON.stringify({
            v: 1,
            to: contact.salt ? base64url(contact.salt) : undefined,
            re:
                type === "answer" && contact.salt
                    ? base64url(join(contact.salt, seqBytes(contact.itsOffer)))
                    : undefined,
            [type === "candidate" ? "candidate" : "sdp"]: text,
        });
        const bytes = utf8(json);
        const plain = new Uint8Array(Math.ceil(bytes.length / PAD) * PAD).fill(0x20);
        if (plain.length > PLAIN_MAX) return null;
        plain.set(bytes);
        const number = ++this.#seq;
        if (type === "offer") contact.ourOffer = number;
        const seq = seqBytes(number);
        this.#ownKey ??= await this.#keyOf(fromConsumer, this.salt);
        const sealed = new Uint8Array(await subtle.encrypt(cipher(seq, type), this.#ownKey, plain));
        return MARK + base64url(join(keyId, this.salt, seq, sealed));
    }

    /** What was sealed, and the contact knows its sender; or why it is dropped,
     * and nothing has changed. One call after the other.
     * @param {Contact} contact @param {SealType} type @param {string} sealed
     * @returns {Promise<{text: string} | {verdict: Verdict}>} */
    async open(contact, type, sealed) {
        const [keyId, fromProvider] = await this.keys;
        if (!sealed.startsWith(MARK)) return { verdict: "plain" };
        const bytes = fromBase64url(sealed.slice(MARK.length));
        if (!bytes || bytes.length < TEXT_AT + TAG) return { verdict: "malformed" };
        const salt = bytes.slice(SALT_AT, SEQ_AT);
        const seq = bytes.slice(SEQ_AT, TEXT_AT);
        const number = viewOf(seq).getBigUint64(0);
        if (equal(salt, this.salt)) return { verdict: "reflected" };
        if (!equal(bytes.subarray(0, KEY_ID), keyId)) return { verdict: "of no invite" };
        const plain = await this.#decrypt(
            await this.#keyOf(fromProvider, salt),
            cipher(seq, type),
            bytes,
        );
        if (!plain) return { verdict: "forged" };
        const parsed = parse(plain, type);
        if (!parsed) return { verdict: "malformed" };
        if (number <= (this.#heard.get(hex(salt)) ?? 0n)) return { verdict: "replayed" };
        const { message, text } = parsed;
        if (!this.#isForUs(contact, type, salt, message)) return { verdict: "misplaced" };
        const fingerprint = type === "candidate" ? contact.fingerprint : fingerprintOf(text);
        if (!fingerprint || !(await this.#isProvider(fingerprint, salt, message)))
            return { verdict: "of an impostor" };
        this.#hear(contact, type, salt, number);
        contact.fingerprint = fingerprint;
        return { text };
    }

    /** @param {CryptoKey} key @param {AesGcmParams} how @param {Uint8Array} bytes */
    async #decrypt(key, how, bytes) {
        try {
            return new Uint8Array(await subtle.decrypt(how, key, bytes.slice(TEXT_AT)));
        } catch {
            return null;
        }
    }

    /** @param {Contact} contact @param {SealType} type @param {Uint8Array} salt
     * @param {Record<string, unknown>} message */
    #isForUs(contact, type, salt, message) {
        const to = member(message.to, SALT);
        const isSameProcess = contact.salt !== null && equal(contact.salt, salt);
        const isFirst = type === "offer" || (type === "answer" && contact.salt === null);
        if ((!isSameProcess && !isFirst) || !to || !equal(to, this.salt)) return false;
        if (type !== "answer") return true;
        const re = member(message.re, SALT + SEQ);
        return (
            re !== null &&
            contact.ourOffer > 0n &&
            equal(re, join(this.salt, seqBytes(contact.ourOffer)))
        );
    }

    /** @param {Uint8Array} fingerprint @param {Uint8Array} salt
     * @param {Record<string, unknown>} message */
    async #isProvider(fingerprint, salt, message) {
        const publicKey = member(message.id, 32);
        const signature = member(message.sig, 64);
        if (!publicKey || !signature) return false;
        const hash = new Uint8Array(await subtle.digest("SHA-256", publicKey));
        if (!equal(hash.subarray(0, this.providerId.length), this.providerId)) return false;
        const key = await subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
        return subtle.verify(
            "Ed25519",
            key,
            signature,
            join(utf8(IDENTITY), fingerprint, salt, this.salt),
        );
    }

    /** @param {Contact} contact @param {SealType} type @param {Uint8Array} salt
     * @param {bigint} number */
    #hear(contact, type, salt, number) {
        this.#heard.delete(hex(salt));
        this.#heard.set(hex(salt), number);
        if (this.#heard.size > PROCESSES_MAX)
            this.#heard.delete(this.#heard.keys().next().value ?? "");
        if (contact.salt === null || !equal(contact.salt, salt)) contact.itsOffer = 0n;
        contact.salt = salt;
        if (type === "offer") contact.itsOffer = number;
        if (type === "answer") contact.ourOffer = 0n; // a second one is about nothing
    }
}
