// The JSON payloads: HELLO and AGREE (docs/PROTOCOL.md, "The session").

import { fromUtf8, utf8 } from "./bytes.js";
import { CREDIT_MAX, FIRST_WINDOW, WINDOW_DEFAULT } from "./mux_flow.js";

const VERSION = 1;

/** The extensions that a browser's end has, in the order of the C side's. */
const FEATURES = ["sse", "fields", "flow", "channels", "upgrade", "bundle"];
/** Further data channels that we ask for. */
export const CHANNELS = 16;

/**
 * @typedef {object} Agreed
 * @property {number} version
 * @property {string} features  the names that both have, sorted, as one text
 * @property {number} window
 * @property {number} channels
 */

export function encodeHello() {
    return utf8(
        JSON.stringify({
            proto: "httptunnel",
            min_version: VERSION,
            max_version: VERSION,
            features: FEATURES,
            window: FIRST_WINDOW,
            channels: CHANNELS,
        }),
    );
}

/** A number of at least that, as far as it is one; null when it is not.
 * @param {unknown} value @param {number} least @param {number} most @param {number} absent */
function number(value, least, most, absent) {
    if (value === undefined) return absent;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least) return null;
    return Math.min(value, most);
}

/** Null when it is malformed. @param {Uint8Array} payload @returns {Agreed | null} */
export function decodeAgree(payload) {
    let said;
    try {
        said = JSON.parse(fromUtf8(payload));
    } catch {
        return null;
    }
    const window = number(said?.window, 1, CREDIT_MAX, WINDOW_DEFAULT);
    const channels = number(said?.channels, 0, CHANNELS, 0);
    const names = said?.features ?? [];
    if (
        !Number.isInteger(said?.version) ||
        window === null ||
        channels === null ||
        !Array.isArray(names)
    )
        return null;
    const features = FEATURES.filter((name) => names.includes(name));
    return {
        version: said.version,
        features: features.join(" "),
        window,
        channels: features.includes("channels") ? channels : 0,
    };
}

/** What an end lacks that a browser cannot do without; null for nothing.
 * @param {Agreed} agreed */
export function lackOf(agreed) {
    const missing = ["fields", "flow"].filter((name) => !agreed.features.split(" ").includes(name));
    return missing.length > 0 ? missing.join(" and ") : null;
}

export const isOurVersion = (/** @type {Agreed} */ agreed) => agreed.version === VERSION;
