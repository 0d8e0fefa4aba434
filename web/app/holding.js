// One page at a time holds the tunnel: the service worker, the cookies and what the
// app keeps are the origin's, and there for one.

const NAME = "tunnel page";

/** From now on it is this one; another that comes later takes it over.
 * @param {() => void} onlost */
export function hold(onlost) {
    const channel = new BroadcastChannel(NAME);
    channel.onmessage = () => {
        channel.close();
        onlost();
    };
    channel.postMessage("mine");
}
