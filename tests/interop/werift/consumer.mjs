// usage: consumer.mjs SIGNAL-URL ROOM GATE ECHO-BYTES
// Joins the room as a consumer on werift, runs the scenario of wire.mjs, and
// prints each event as a line "EVENT JSON".
import { webcrypto } from "node:crypto";
import { RTCPeerConnection } from "werift";
import WebSocket from "ws";
import { meet, runOver } from "../wire.mjs";

globalThis.crypto ??= webcrypto; // Node 18 has it only here

const [signalUrl, room, gate, echoBytes] = process.argv.slice(2);
const report = (event, details = null) => console.log(event, JSON.stringify(details));

// Without a STUN server of ours werift would ask a public one. Nobody answers
// at this one.
const iceServers = [{ urls: "stun:127.0.0.1:9" }];
const connection = new RTCPeerConnection({ iceServers });
const socket = new WebSocket(signalUrl);
socket.onerror = ({ message }) => report("failed", message);
meet(socket, room, connection, report, (channel) => {
  runOver(channel, gate, Number(echoBytes), report, socket);
});
