#!/bin/sh
# werift 0.25.2 (npm)
#
# What `iceServers: []` means: not "none", as in W3C's WebRTC and in every browser,
# but the same as if nothing had been said, which is stun.l.google.com. Whoever
# leaves servers out so that no third party learns of a connection tells one; with
# a server of one's own it is that alone.
#
# Seen on 29 November 2026, the names that are looked up to gather candidates:
#   iceServers left out: stun.l.google.com
#   iceServers []: stun.l.google.com
#   iceServers [stun:stun.example]: stun.example
#
# Needs node 18 or later and npm. Nothing leaves the machine: look-ups are refused
# here. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import dns from "node:dns";

const names = new Set();
dns.promises.lookup = async (name) => {
    names.add(name);
    throw new Error("refused");
};
const { RTCPeerConnection } = await import("werift");

const configs = {
    "iceServers left out": undefined,
    "iceServers []": { iceServers: [] },
    "iceServers [stun:stun.example]": { iceServers: [{ urls: "stun:stun.example" }] },
};
for (const [what, config] of Object.entries(configs)) {
    names.clear();
    const connection = new RTCPeerConnection(config);
    connection.createDataChannel("x");
    await connection.setLocalDescription(await connection.createOffer());
    await connection.close();
    console.log(`${what}: ${[...names].join(", ")}`);
}
process.exit();
END
cat >expected <<'END'
iceServers left out: stun.l.google.com
iceServers []: stun.l.google.com
iceServers [stun:stun.example]: stun.example
END

npm install --no-audit --no-fund --silent werift@0.25.2
node main.mjs | tee seen
diff expected seen
