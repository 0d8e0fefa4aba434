#!/bin/sh
# werift 0.25.2 (npm)
#
# How its DTLS repeats a flight that nobody answers: byte by byte, with the
# record sequence numbers of the first time. RFC 6347 section 4.2.2 keeps the
# message_seq and asks for a new record number each time; a receiver with replay
# detection (section 4.1.2.6; OpenSSL has it always on) that got the first
# copy, but whose own flight was lost, drops the repeated one as a replay, and so
# has no reason to repeat its own: both then wait for their timers.
# The timer grows by half a second each time; it does not double.
#
# Seen on 29 November 2026 (seconds, record number, same bytes as the first):
#   0.0 1 true / 0.5 1 true / 1.5 1 true / 3.0 1 true
#
# Needs node 18 or later and npm. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import dgram from "node:dgram";
import { once } from "node:events";
import { DtlsClient, UdpTransport } from "werift";

const silent = dgram.createSocket("udp4");
silent.bind(0, "127.0.0.1");
await once(silent, "listening");

const transport = await UdpTransport.init("udp4");
transport.rinfo = { address: "127.0.0.1", port: silent.address().port };
new DtlsClient({ transport }).connect().catch(() => {});

let first, began;
for (let count = 0; count < 4; count++) {
    const [datagram] = await once(silent, "message");
    first ??= datagram;
    began ??= performance.now();
    const seconds = Math.round((performance.now() - began) / 500) / 2;
    console.log(seconds.toFixed(1), datagram.readUIntBE(5, 6), datagram.equals(first));
}
process.exit();
END
cat >expected <<'END'
0.0 1 true
0.5 1 true
1.5 1 true
3.0 1 true
END

npm install --no-audit --no-fund --silent werift@0.25.2
node main.mjs | tee seen
diff expected seen
