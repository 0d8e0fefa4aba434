// Byte strings: numbers in them, and as text.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @param {string} text */
export const utf8 = (text) => encoder.encode(text);

/** Malformed sequences become U+FFFD.
 * @param {Uint8Array} bytes */
export const fromUtf8 = (bytes) => decoder.decode(bytes);

/** @param {Uint8Array[]} parts */
export function join(...parts) {
    const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** @param {Uint8Array} bytes */
export const hex = (bytes) =>
    Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes as the characters of the same numbers, as HTTP has its fields.
 * @param {Uint8Array} bytes */
export function latin1(bytes) {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
}

/** A character above U+00FF cannot have been a byte: such text becomes UTF-8.
 * @param {string} text */
export function fromLatin1(text) {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0xff) return utf8(text);
        bytes[i] = code;
    }
    return bytes;
}

/** Without padding. @param {Uint8Array} bytes */
export const base64url = (bytes) =>
    btoa(latin1(bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Null for what is none, or has bits left over. @param {string} text */
export function fromBase64url(text) {
    if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
    const bytes = fromLatin1(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
    return base64url(bytes) === text ? bytes : null;
}

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** Null for what is none, or has bits left over. @param {string} text */
export function fromBase32(text) {
    const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
    let at = 0;
    let bits = 0;
    let value = 0;
    for (const letter of text.toLowerCase()) {
        const digit = BASE32.indexOf(letter);
        if (digit < 0) return null;
        value = ((value << 5) | digit) & 0xfff;
        bits += 5;
        if (bits >= 8) bytes[at++] = value >> (bits -= 8);
    }
    return (value & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** @param {Uint8Array} bytes */
export const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
