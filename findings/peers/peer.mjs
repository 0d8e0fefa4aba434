// node peer.mjs PACKAGE ICE-SERVERS: a peer that lines of JSON tell what to do, one that
// has the API of W3C. It says what came of each, and at any time what its channel tells.
import readline from "node:readline";

const [name, servers] = process.argv.slice(2);
const library = await import(name);
const { RTCPeerConnection } = library.default ?? library;
const connection = new RTCPeerConnection({ iceServers: JSON.parse(servers) });
const say = (words) => console.log(JSON.stringify(words));
const more = []; // what is collected does not go on
let channel;

function use(made) {
    channel = made;
    channel.onopen = () => say({ event: "open" });
    channel.onmessage = ({ data }) =>
        say({ event: "message", size: data.byteLength ?? data.length });
    if (channel.readyState === "open") say({ event: "open" });
}
connection.ondatachannel = ({ channel: made }) => {
    say({ event: "channel", label: made.label });
    use(made);
};

async function described(description) {
    await connection.setLocalDescription(description);
    while (connection.iceGatheringState !== "complete") await new Promise((r) => setTimeout(r, 20));
    return { sdp: connection.localDescription.sdp };
}
const does = {
    async offer({ options }) {
        use(connection.createDataChannel("x", options));
        return described(await connection.createOffer());
    },
    another: ({ label }) => void more.push(connection.createDataChannel(label)),
    remote: ({ type, sdp }) => connection.setRemoteDescription({ type, sdp }),
    answer: async () => described(await connection.createAnswer()),
    candidate: ({ candidate }) =>
        connection.addIceCandidate({ candidate, sdpMid: "0", sdpMLineIndex: 0 }),
    send: ({ size }) => channel.send(new Uint8Array(size)),
    // Sends at once, and tells of the event when nearly all of it is out.
    pour({ count, size, listens }) {
        const low = () => say({ event: "low" });
        channel.bufferedAmountLowThreshold = 65536;
        if (listens) channel.addEventListener("bufferedamountlow", low);
        else channel.onbufferedamountlow = low;
        for (; count > 0; count--) channel.send(new Uint8Array(size));
        return { buffered: channel.bufferedAmount };
    },
    close: () => channel.close(),
    end: () => connection.close(),
    rollback: () => connection.setLocalDescription({ type: "rollback" }),
    properties: () => {
        const { ordered, maxRetransmits, maxPacketLifeTime } = channel;
        return { ordered, maxRetransmits, maxPacketLifeTime };
    },
    state: () => ({ connection: connection.connectionState, channel: channel.readyState }),
};
for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    try {
        say({ ...(await does[command.do](command)) });
    } catch (error) {
        say({ error: String(error) });
    }
}
process.exit();
