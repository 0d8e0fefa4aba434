// The link that a person pastes: where to meet, whom, and an invite's secret.
//
//   https://HOST[:PORT][/PATH]#t1. base32(provider id, secret, checksum)

import { equal, fromBase32 } from "./bytes.js";

const PROVIDER_ID = 16;
const SECRET = 16;
const CHECK = 2;
const LETTERS = Math.ceil(((PROVIDER_ID + SECRET + CHECK) * 8) / 5);

/**
 * @typedef {object} Link
 * @property {string} signal  the signal server's URL, ws: or wss:
 * @property {Uint8Array} providerId
 * @property {Uint8Array} secret
 */

/** The words never hold the secret. @param {string} why @returns {never} */
function refuse(why) {
    throw new TypeError(`this link ${why}`);
}

/** @param {string} place */
function signalOf(place) {
    if (place === "")
        refuse("is only the secret: the address before '#' is missing; copy the whole line");
    if (/^tracker:/i.test(place))
        refuse(
            "leads to trackers, which a page does not ask; for one that leads elsewhere: " +
                "`tunnel invite NAME --signal URL`",
        );
    const match = /^(http|ws)(s?):\/\//i.exec(place);
    if (!match) refuse("must begin with https://, wss://, http:// or ws://");
    const signal = `ws${match[2].toLowerCase()}://${place.slice(match[0].length)}`;
    if (!URL.canParse(signal)) refuse("has an address in front of '#' that is none");
    return new URL(signal).href;
}

/** Outside of https, and of this machine, browsers have nothing to seal with. */
function needCrypto() {
    if (!globalThis.crypto?.subtle)
        throw new TypeError(
            "browsers open a tunnel in pages of https alone, or of this machine: the signal server " +
                "of this one needs a certificate, or use `tunnel proxy` with the link",
        );
}

/** @param {string} letters */
async function openSecret(letters) {
    if (/[0189]/.test(letters))
        refuse(
            "has a typo: behind '#t1.' there are only a to z and 2 to 7, so a 0 is an o",
        );
    if (/[^a-z2-7]/i.test(letters))
        refuse("has a character behind '#t1.' that does not belong there");
    if (letters.length < LETTERS)
        refuse(`is too short: behind '#t1.' there must be ${LETTERS} characters`);
    if (letters.length > LETTERS)
        refuse(`is too long: behind '#t1.' there must be ${LETTERS} characters`);
    const bytes = fromBase32(letters);
    const said = bytes?.subarray(PROVIDER_ID + SECRET);
    const body = bytes?.slice(0, PROVIDER_ID + SECRET);
    const hash = body && new Uint8Array(await crypto.subtle.digest("SHA-256", body));
    if (!body || !said || !hash || !equal(said, hash.subarray(0, CHECK)))
        refuse(
            "has a typo behind '#t1.': its checksum does not fit; copy it once more, as a whole",
        );
    return { providerId: body.slice(0, PROVIDER_ID), secret: body.slice(PROVIDER_ID) };
}

/** Throws a TypeError that says what is wrong with it.
 * @param {string} text @returns {Promise<Link>} */
export async function parseLink(text) {
    needCrypto();
    const at = text.indexOf("#");
    const fragment = at < 0 ? "" : text.slice(at + 1).trim();
    if (!fragment)
        refuse("has no secret: behind its address there must be '#t1.' and 55 characters");
    if (!fragment.toLowerCase().startsWith("t1."))
        refuse("is of another version: this tunnel takes those with '#t1.' in them");
    const signal = signalOf(text.slice(0, at).trim());
    return { signal, ...(await openSecret(fragment.slice(3))) };
}
