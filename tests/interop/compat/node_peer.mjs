// usage: node_peer.mjs PACKAGE
// A peer of compat.py on an npm package whose API is that of W3C.
import { createInterface } from "node:readline";
import { lead } from "./w3c.mjs";

const found = await import(process.argv[2]);
const RTCPeerConnection = found.RTCPeerConnection ?? found.default.RTCPeerConnection;
const say = (event) => console.log(JSON.stringify(event));
const obey = lead(new RTCPeerConnection({ iceServers: [] }), say);
createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line)))
  .on("close", () => process.exit());
