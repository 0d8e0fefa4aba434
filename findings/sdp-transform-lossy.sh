#!/bin/sh
# sdp-transform 3.0.0, sdp 3.2.2 (npm)
#
# What is left of a description that sdp-transform has parsed and written again, as many do to
# change one line of it or to send it as JSON. Of several a=fingerprint lines, one for each hash
# or certificate (RFC 8122 section 5), parse() keeps the last, in one place that each overwrites;
# so an end that then shows the other certificate is refused, and where only the hash
# differs nothing shows it. A candidate's extensions (RFC 8839 section 5.1: name and value, any
# number) are dropped, also "ufrag", by which an addIceCandidate() knows what is of before an
# ICE restart (W3C's WebRTC, section 4.4.2). And what looks like an integer becomes one: its
# README says so, not that this makes a number of a mid, and of an ice-ufrag that happens to
# have no letters, which of four characters is one in some 1900. The published types
# (@types/sdp-transform 3.0.0) have strings there; `ufrag === name` and a Map's keys fail then,
# and a mid of 0, as the first one of most offers is, is false. sdp, of the same purpose,
# keeps strings and all fingerprints, but no extension other than ufrag.
#
# Seen on 1 December 2026:
#   sdp-transform: ice-ufrag "ab12" string, "1234" number, "0123" string; mid "0" number
#   sdp-transform: fingerprints sha-256 sha-512 read as sha-512, written as sha-512
#   sdp-transform: "typ host generation 0 ufrag ab12 network-cost 50" as "typ host generation 0"
#   sdp: ice-ufrag "ab12" string, "1234" string, "0123" string; mid "0" string
#   sdp: fingerprints sha-256 sha-512 read as sha-256 sha-512, written as sha-256 sha-512
#   sdp: "typ host generation 0 ufrag ab12 network-cost 50" as "typ host ufrag ab12"
#
# Needs node 18 or later and npm. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import sdp from "sdp";
import * as transform from "sdp-transform";

const ENDING = "typ host generation 0 ufrag ab12 network-cost 50";
const CANDIDATE = `candidate:1 1 udp 2130706431 192.0.2.1 5000 ${ENDING}`;

function offer(ufrag) {
    const digest = (bytes) => new Array(bytes).fill("11").join(":");
    const lines = [
        "v=0",
        "o=- 1 1 IN IP4 192.0.2.1",
        "s=-",
        "t=0 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        `a=ice-ufrag:${ufrag}`,
        "a=ice-pwd:abcdefghijklmnopqrstuv",
        `a=fingerprint:sha-256 ${digest(32)}`,
        `a=fingerprint:sha-512 ${digest(64)}`,
        "a=setup:actpass",
        "a=sctp-port:5000",
        `a=${CANDIDATE}`,
    ];
    return lines.map((line) => `${line}\r\n`).join("");
}

const hashes = (text) => text.match(/(?<=a=fingerprint:)\S+/g).join(" ");
const ending = (text) => text.match(/typ host.*/)[0];

function withTransform(ufrag) {
    const parsed = transform.parse(offer(ufrag));
    const [{ iceUfrag, mid, fingerprint }] = parsed.media;
    const written = transform.write(parsed);
    return {
        ufrag: iceUfrag,
        mid,
        read: fingerprint.type,
        written: hashes(written),
        candidate: ending(written),
    };
}

function withSdp(ufrag) {
    const session = sdp.getDescription(offer(ufrag));
    const [section] = sdp.getMediaSections(offer(ufrag));
    const dtls = sdp.getDtlsParameters(section, session);
    return {
        ufrag: sdp.getIceParameters(section, session).usernameFragment,
        mid: sdp.getMid(section),
        read: dtls.fingerprints.map(({ algorithm }) => algorithm).join(" "),
        written: hashes(sdp.writeDtlsParameters(dtls, "actpass")),
        candidate: ending(sdp.writeCandidate(sdp.parseCandidate(CANDIDATE))),
    };
}

for (const [name, parse] of Object.entries({ "sdp-transform": withTransform, sdp: withSdp })) {
    const { mid, read, written, candidate } = parse("ab12");
    const kinds = ["ab12", "1234", "0123"].map((each) => `"${each}" ${typeof parse(each).ufrag}`);
    console.log(`${name}: ice-ufrag ${kinds.join(", ")}; mid "0" ${typeof mid}`);
    console.log(`${name}: fingerprints sha-256 sha-512 read as ${read}, written as ${written}`);
    console.log(`${name}: "${ENDING}" as "${candidate}"`);
}
END
cat >expected <<'END'
sdp-transform: ice-ufrag "ab12" string, "1234" number, "0123" string; mid "0" number
sdp-transform: fingerprints sha-256 sha-512 read as sha-512, written as sha-512
sdp-transform: "typ host generation 0 ufrag ab12 network-cost 50" as "typ host generation 0"
sdp: ice-ufrag "ab12" string, "1234" string, "0123" string; mid "0" string
sdp: fingerprints sha-256 sha-512 read as sha-256 sha-512, written as sha-256 sha-512
sdp: "typ host generation 0 ufrag ab12 network-cost 50" as "typ host ufrag ab12"
END

npm install --no-audit --no-fund --silent sdp-transform@3.0.0 sdp@3.2.2
node main.mjs | tee seen
diff expected seen
