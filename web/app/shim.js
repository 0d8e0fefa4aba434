// What runs in the frame before the app does: there its WebSockets, its cookies and
// its downloads, of which no service worker hears, come to the page.
//
// The function stands in the frame as text, so it uses nothing of this file. What
// it hands to the app is of the frame's own realm: apps ask `instanceof`.

/**
 * @typedef {object} PageForFrame
 * @property {import("../tunnel/tunnel.js").Tunnel["WebSocket"]} WebSocket
 * @property {typeof Blob} Blob
 * @property {import("./cookie_jar.js").Jar} jar
 * @property {(url: string, name: string) => void} download
 */

/** @param {any} frame  its window */
export function shim(frame) {
    const { document, location, EventTarget } = frame;
    /** @type {PageForFrame | undefined} */
    const page = frame.top.tunnelPage;
    if (!page) return;

    // --- WebSocket ---

    const Own = frame.WebSocket;
    const EVENTS = ["open", "message", "error", "close"];
    class FrameWebSocket extends EventTarget {
        binaryType = "blob";
        onopen = null;
        onmessage = null;
        onerror = null;
        onclose = null;

        /** @param {string} url @param {string | string[]} protocols */
        constructor(url, protocols) {
            super();
            this.its = new /** @type {any} */ (page).WebSocket(url, protocols);
            this.its.binaryType = "arraybuffer";
            for (const type of EVENTS)
                this.its.addEventListener(type, (/** @type {any} */ event) => this.pass(event));
        }

        /** @param {any} event */
        pass(event) {
            const { type, data, origin, code, reason, wasClean } = event;
            const isText = typeof data === "string";
            const isBlob = this.binaryType === "blob";
            const told = {
                open: () => new frame.Event(type),
                error: () => new frame.Event(type),
                close: () => new frame.CloseEvent(type, { code, reason, wasClean }),
                message: () => {
                    const bytes = () =>
                        isBlob ? new frame.Blob([data]) : frame.structuredClone(data);
                    return new frame.MessageEvent(type, { data: isText ? data : bytes(), origin });
                },
            }[/** @type {"open"} */ (type)]();
            const handler = this[`on${type}`];
            if (typeof handler === "function")
                this.addEventListener(type, handler.bind(this), { once: true });
            this.dispatchEvent(told);
        }

        /** @param {any} data */
        send(data) {
            const { Blob } = /** @type {PageForFrame} */ (page);
            this.its.send(data instanceof frame.Blob ? new Blob([data]) : data);
        }

        /** @param {any[]} how */
        close(...how) {
            this.its.close(...how);
        }
    }
    for (const name of ["readyState", "url", "protocol", "extensions", "bufferedAmount"])
        Object.defineProperty(FrameWebSocket.prototype, name, {
            /** @this {any} */
            get() {
                return this.its[name];
            },
        });
    for (const [value, name] of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].entries())
        Object.defineProperty(FrameWebSocket.prototype, name, { value });
    Object.setPrototypeOf(FrameWebSocket.prototype, Own.prototype); // it is `instanceof` it
    frame.WebSocket = new Proxy(Own, {
        construct(_, [url, protocols = []]) {
            const whole = new URL(url, document.baseURI);
            const Chosen = whole.host === location.host ? FrameWebSocket : Own;
            return new Chosen(whole.href.replace(/^http/, "ws"), protocols);
        },
    });

    // --- cookies; and no service worker of its own, which would have none of ours ---

    Object.defineProperty(frame.Document.prototype, "cookie", {
        configurable: true,
        enumerable: true,
        get: () => page.jar.read(location.pathname),
        set: (text) => page.jar.write(`${text}`, location.pathname),
    });
    delete frame.cookieStore;
    delete frame.Navigator.prototype.serviceWorker;

    // --- links: what is downloaded, and what would leave the frame ---

    /** True: it is seen to. @param {any} link */
    const take = (link) => {
        const { origin, protocol, href } = new URL(link.href, document.baseURI);
        if (!/^https?:$/.test(protocol)) return false;
        const isOurs = origin === location.origin;
        if (isOurs && link.hasAttribute("download")) {
            page.download(href, link.download);
            return true;
        }
        if (isOurs && /^_(blank|top|parent)$/i.test(link.target)) link.target = "_self";
        else if (!isOurs && /^(_self|_top|_parent)?$/i.test(link.target)) link.target = "_blank";
        return false;
    };
    frame.addEventListener("click", (/** @type {any} */ event) => {
        const isLink = (/** @type {any} */ node) =>
            node instanceof frame.HTMLAnchorElement && node.href;
        const link = event.defaultPrevented ? null : event.composedPath().find(isLink);
        if (link && take(link)) event.preventDefault();
    });
    const { prototype } = frame.HTMLAnchorElement;
    const { click } = frame.HTMLElement.prototype;
    /** One that is in no document has no window to hear of it. @this {any} */
    prototype.click = function () {
        if (this.isConnected || !this.href || !take(this)) click.call(this);
    };
}

/** As it stands in a document. */
export const shimScript = `(${shim})(window)`;
