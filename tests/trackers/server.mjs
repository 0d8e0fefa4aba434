// One tracker, of WebSocket alone, on a port of its own: says where it listens,
// and then, a line of JSON for each, what comes, before it passes that on, and
// what it makes of it. What is written to it, it repeats: who has read that has
// read all that came before.
// usage: server.mjs [PORT [ADDRESS]]

import Server from "bittorrent-tracker/server";

const server = new Server({ udp: false, http: false, ws: true, stats: false });
const say = (what, more) => console.log(JSON.stringify({ what, ...more }));

server.ws.on("connection", (socket) => {
    socket.prependListener("message", (text) => {
        const { event, left, numwant, offers, answer } = JSON.parse(text);
        const sdp = (offers?.[0]?.offer ?? answer)?.sdp;
        const kind = answer ? "answer" : offers?.length ? "offer" : "announce";
        say(kind, { event, left, numwant, sdp: sdp?.slice(0, 40), bytes: text.length });
    });
});
server.on("warning", (error) => say("warning", { text: error.message }));
server.on("error", (error) => {
    say("error", { text: error.message });
    process.exit(1);
});
process.stdin.on("data", (text) => process.stdout.write(text));
server.listen(Number(process.argv[2] ?? 0), process.argv[3] ?? "127.0.0.1", () => {
    const { address, port } = server.ws.address();
    console.log(`listening ws://${address}:${port}`);
});
