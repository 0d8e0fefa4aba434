// Why a stream ended early (docs/PROTOCOL.md, "fields"), and what fetch() then
// rejects with.

export const StreamError = Object.freeze({
    UNSPECIFIED: 0,
    CANCELLED: 1,
    REFUSED: 2,
    TIMEOUT: 3,
    BROKEN: 4,
    MALFORMED: 5,
    TOO_MANY: 6,
    HEAD_TOO_LARGE: 7,
    DNS: 8,
    TLS: 9,
    NOT_ALLOWED: 10,
    INVALID: 11,
    UNREACHABLE: 12,
    SESSION: 0x10000, // the session ended; never in a frame
});

export const CODES = 13; // a number from here on is taken as 0

/** The error types of RFC 9209 that go with the codes. @type {Map<number, string>} */
const types = new Map([
    [StreamError.REFUSED, "connection_refused"],
    [StreamError.TIMEOUT, "connection_timeout"],
    [StreamError.BROKEN, "connection_terminated"],
    [StreamError.MALFORMED, "http_protocol_error"],
    [StreamError.TOO_MANY, "connection_limit_reached"],
    [StreamError.HEAD_TOO_LARGE, "http_response_header_section_size"],
    [StreamError.DNS, "dns_error"],
    [StreamError.TLS, "tls_protocol_error"],
    [StreamError.NOT_ALLOWED, "http_request_denied"],
    [StreamError.INVALID, "http_protocol_error"],
    [StreamError.UNREACHABLE, "destination_ip_unroutable"],
    [StreamError.SESSION, "tunnel_interrupted"],
]);

/** As fetch() has its failures: a TypeError; the reason in words is its message,
 * and for programs its cause. @param {number} code @param {string} text */
export function tunnelError(code, text) {
    return new TypeError(text, { cause: { type: types.get(code) ?? "tunnel_error", code } });
}
