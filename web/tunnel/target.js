// What a request asks for: of a URL the tunnel carries its path and query. Its
// host goes into Host, which the provider replaces by the upstream's own unless
// its user wants the client's.

const { location } = globalThis;
const HERE = location?.protocol.startsWith("http") ? location.href : "http://localhost/";

/** @param {string | URL} url  absolute, or a path */
export function targetOf(url) {
    const text = `${url}`;
    if (!URL.canParse(text, HERE)) throw new TypeError(`'${text}' is no URL`);
    const whole = new URL(text, HERE);
    return {
        href: whole.href,
        origin: whole.origin,
        host: whole.host,
        target: whole.pathname + whole.search,
    };
}
