// Sealed signalling done anew by WebCrypto, from the description in PROTOCOL.md
// alone: each vector that stands there must come out. With --print, the block.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

const { subtle } = webcrypto;
const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const join = (...parts) => new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part))));
const range = (from, length) => Uint8Array.from({ length }, (_, i) => from + i);
const hash = async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));

async function hkdf(ikm, salt, info, length) {
    const key = await subtle.importKey("raw", ikm, "HKDF", false, ["deriveBits"]);
    const how = { name: "HKDF", hash: "SHA-256", salt, info };
    return new Uint8Array(await subtle.deriveBits(how, key, 8 * length));
}

function base32(bytes) {
    const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const digits = bits.match(/.{1,5}/g).map((five) => parseInt(five.padEnd(5, "0"), 2));
    return digits.map((digit) => "abcdefghijklmnopqrstuvwxyz234567"[digit]).join("");
}

async function seal(keyId, bytes, salt, seq, type, message) {
    const key = await subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt"]);
    const seqBytes = join(new Uint8Array(7), [seq]);
    const json = JSON.stringify(message);
    const plain = utf8(json.padEnd(Math.ceil(utf8(json).length / 512) * 512));
    const iv = join(new Uint8Array(4), seqBytes);
    const how = { name: "AES-GCM", iv, additionalData: utf8(type) };
    return "x1." + base64url(join(keyId, salt, seqBytes, new Uint8Array(await subtle.encrypt(how, key, plain))));
}

const seed = range(0x60, 32);
const der = join(Buffer.from("302e020100300506032b657004220420", "hex"), seed); // RFC 8410
const own = await subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
const publicKey = new Uint8Array(Buffer.from((await subtle.exportKey("jwk", own)).x, "base64url"));
const id = (await hash(publicKey)).slice(0, 16);
const secret = range(0x10, 16);
const consumer = range(0xc0, 16);
const provider = range(0xa0, 16);
const fingerprint = range(0, 32);
const label = utf8("httptunnel link 1");
const derive = (ikm, info, length) => hkdf(ikm, join(label, id), info, length);
const keyId = await derive(secret, utf8("id"), 8);
const fromProvider = await derive(secret, utf8("from provider"), 32);
const fromConsumer = await derive(secret, utf8("from consumer"), 32);
const consumerKey = await derive(fromConsumer, join(utf8("seal"), consumer), 32);
const providerKey = await derive(fromProvider, join(utf8("seal"), provider), 32);
const signed = join(utf8("httptunnel identity 1"), fingerprint, provider, consumer);
const signature = new Uint8Array(await subtle.sign("Ed25519", own, signed));
const offer = { v: 1, sdp: "v=0\r\n" };
const answer = {
    v: 1, to: base64url(consumer), re: base64url(join(consumer, new Uint8Array(7), [1])),
    sdp: "v=0\r\n", id: base64url(publicKey), sig: base64url(signature),
};
const vectors = {
    "seed": hex(seed), "public key": hex(publicKey), "provider id": hex(id), "secret": hex(secret),
    "link": "https://signal.example.org/#t1." + base32(join(id, secret, (await hash(join(id, secret))).slice(0, 2))),
    "room": hex(await hkdf(id, label, utf8("room"), 16)), "key id": hex(keyId),
    "D from provider": hex(fromProvider), "D from consumer": hex(fromConsumer),
    "consumer salt": hex(consumer), "consumer key": hex(consumerKey),
    "provider salt": hex(provider), "provider key": hex(providerKey),
    "fingerprint": hex(fingerprint), "signature": hex(signature),
    "offer": await seal(keyId, consumerKey, consumer, 1, "offer", offer),
    "answer": await seal(keyId, providerKey, provider, 1, "answer", answer),
};

const fold = (text) => text.match(/.{1,78}/g).join("\n" + " ".repeat(18));
const block = Object.entries(vectors).map(([name, value]) => name.padEnd(18) + fold(value)).join("\n");
if (process.argv[2] === "--print") {
    console.log(block);
} else if (!readFileSync(process.argv[2], "utf8").includes("\n" + block + "\n")) {
    console.error("these are not the vectors of " + process.argv[2] + ":\n" + block);
    process.exit(1);
}
