// The seal and the link of the browser's side: the vectors of PROTOCOL.md, whose
// path is the argument, and that each thing which must be dropped is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import "./webcrypto.mjs";

import { base64url, equal, hex, join, utf8 } from "../../web/tunnel/bytes.js";
import { parseLink } from "../../web/tunnel/link.js";
import { Contact, Seal, fingerprintOf, roomOf } from "../../web/tunnel/seal.js";

const { subtle } = globalThis.crypto;
const protocol = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");

/** A vector by its name; a long one is folded. */
function vector(name) {
    const match = new RegExp(`^${name} {2,}(\\S+)((?:\\n {18}\\S+)*)$`, "m").exec(protocol);
    return match[1] + match[2].replace(/\s/g, "");
}

const bytesOf = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const link = await parseLink(vector("link"));
const salt = bytesOf(vector("consumer salt"));
const providerSalt = bytesOf(vector("provider salt"));
const FINGERPRINT = bytesOf(vector("fingerprint"));
const SDP = `v=0\r\na=fingerprint:sha-256 ${hex(FINGERPRINT).toUpperCase().match(/../g).join(":")}\r\n`;

const der = join(bytesOf("302e020100300506032b657004220420"), bytesOf(vector("seed"))); // RFC 8410
const identity = await subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
const providerKey = await subtle.importKey(
    "raw",
    bytesOf(vector("provider key")),
    "AES-GCM",
    false,
    ["encrypt"],
);

const seqOf = (number) => join(new Uint8Array(7), Uint8Array.of(number));

/** A provider's sealed string, in which one thing or another may be wrong. */
async function provide(
    type,
    { seq = 1, text = SDP, fingerprint = FINGERPRINT, to = salt, re = 1, ...rest } = {},
) {
    const signed = join(utf8("httptunnel identity 1"), fingerprint, providerSalt, salt);
    const message = {
        v: 1,
        to: base64url(to),
        re: type === "answer" ? base64url(join(salt, seqOf(re))) : undefined,
        [type === "candidate" ? "candidate" : "sdp"]: text,
        id: base64url(bytesOf(vector("public key"))),
        sig: base64url(new Uint8Array(await subtle.sign("Ed25519", identity, signed))),
        ...rest,
    };
    const how = {
        name: "AES-GCM",
        iv: join(new Uint8Array(4), seqOf(seq)),
        additionalData: utf8(type),
    };
    const sealed = new Uint8Array(
        await subtle.encrypt(how, providerKey, utf8(JSON.stringify(message))),
    );
    return "x1." + base64url(join(bytesOf(vector("key id")), providerSalt, seqOf(seq), sealed));
}

/** A consumer that has made an offer. */
async function consumer() {
    const seal = new Seal(link, salt);
    const contact = new Contact();
    const offer = await seal.wrap(contact, "offer", "v=0\r\n");
    return { seal, contact, offer };
}

test("the link's parts, and its room", async () => {
    assert.equal(link.signal, "wss://signal.example.org/");
    assert.equal(hex(link.providerId), vector("provider id"));
    assert.equal(hex(link.secret), vector("secret"));
    assert.equal(await roomOf(link), vector("room"));
    assert.deepEqual(
        await parseLink(
            ` ${vector("link").replace("https", "WSS").replace("#t1", "#T1").toUpperCase()}\n`,
        ),
        { ...link, signal: "wss://signal.example.org/" },
    );
});

test("the offer of the vectors", async () => {
    const { offer } = await consumer();
    assert.equal(offer, vector("offer"));
});

test("the answer of the vectors opens; it is signed for no certificate", async () => {
    const { seal, contact } = await consumer();
    assert.deepEqual(await seal.open(contact, "answer", vector("answer")), {
        verdict: "of an impostor",
    });
});

test("an answer that is right is taken, once", async () => {
    const { seal, contact } = await consumer();
    assert.deepEqual(await seal.open(contact, "answer", await provide("answer")), { text: SDP });
    assert.ok(equal(contact.salt, providerSalt));
    assert.deepEqual(await seal.open(contact, "answer", await provide("answer", { seq: 2 })), {
        verdict: "misplaced",
    });
    const candidate = await provide("candidate", { seq: 3, text: "c" });
    assert.deepEqual(await seal.open(contact, "candidate", candidate), { text: "c" });
    const offer = await provide("offer", { seq: 4 });
    assert.deepEqual(await seal.open(contact, "offer", offer), { text: SDP });
    assert.equal(contact.itsOffer, 4n);
});

const other = new Uint8Array(16);
const flipped = (text) => text.slice(0, -9) + (text.at(-9) === "A" ? "B" : "A") + text.slice(-8);
const drops = [
    ["what is not sealed", "plain", "answer", async () => SDP],
    ["what is cut", "malformed", "answer", async () => "x1.E1m7"],
    ["what is no base64url", "malformed", "answer", async () => "x1.="],
    ["one's own words", "reflected", "offer", async (offer) => offer],
    [
        "another invite's",
        "of no invite",
        "answer",
        async () => "x1.AAAA" + (await provide("answer")).slice(7),
    ],
    ["what was altered", "forged", "answer", async () => flipped(await provide("answer"))],
    ["an offer as an answer", "forged", "answer", async () => provide("offer")],
    ["another version", "malformed", "answer", async () => provide("answer", { v: 2 })],
    [
        "what is for another process",
        "misplaced",
        "answer",
        async () => provide("answer", { to: other }),
    ],
    [
        "what is for nobody",
        "misplaced",
        "answer",
        async () => provide("answer", { to: new Uint8Array(0) }),
    ],
    ["an answer to another offer", "misplaced", "answer", async () => provide("answer", { re: 2 })],
    [
        "a candidate of who was not heard",
        "misplaced",
        "candidate",
        async () => provide("candidate", { text: "c" }),
    ],
    [
        "another identity",
        "of an impostor",
        "answer",
        async () => provide("answer", { id: base64url(new Uint8Array(32)) }),
    ],
    [
        "a signature for another certificate",
        "of an impostor",
        "answer",
        async () => provide("answer", { fingerprint: other }),
    ],
    [
        "two certificates",
        "of an impostor",
        "answer",
        async () => provide("answer", { text: SDP + SDP.slice(5).replace("00", "ff") }),
    ],
    ["no signature", "of an impostor", "answer", async () => provide("answer", { sig: undefined })],
];
for (const [what, verdict, type, make] of drops) {
    test(`dropped: ${what}`, async () => {
        const { seal, contact, offer } = await consumer();
        assert.deepEqual(await seal.open(contact, type, await make(offer)), { verdict });
        assert.equal(contact.salt, null);
        // Nothing is touched: the right one is taken behind it.
        assert.deepEqual(await seal.open(contact, "answer", await provide("answer", { seq: 9 })), {
            text: SDP,
        });
    });
}

test("dropped: a replay, and what was overtaken", async () => {
    const { seal, contact } = await consumer();
    await seal.open(contact, "answer", await provide("answer", { seq: 5 }));
    for (const seq of [5, 4]) {
        const offer = await provide("offer", { seq });
        assert.deepEqual(await seal.open(contact, "offer", offer), { verdict: "replayed" });
    }
});

test("an answer names the offer and the process that it is about", async () => {
    const { seal, contact } = await consumer();
    await seal.open(contact, "offer", await provide("offer", { seq: 7 }));
    const sealed = Buffer.from((await seal.wrap(contact, "answer", SDP)).slice(3), "base64url");
    assert.equal(sealed.readBigUInt64BE(24), 2n);
    const key = await subtle.importKey("raw", bytesOf(vector("consumer key")), "AES-GCM", false, [
        "decrypt",
    ]);
    const how = {
        name: "AES-GCM",
        iv: join(new Uint8Array(4), seqOf(2)),
        additionalData: utf8("answer"),
    };
    const message = JSON.parse(Buffer.from(await subtle.decrypt(how, key, sealed.subarray(32))));
    assert.equal(message.to, base64url(providerSalt));
    assert.equal(message.re, base64url(join(providerSalt, seqOf(7))));
});

test("what is far too long is not sealed", async () => {
    const { seal, contact } = await consumer();
    assert.equal(await seal.wrap(contact, "offer", "a".repeat(41000)), null);
});

test("what is wrong with a link is said, and the link is not", async () => {
    const good = vector("link");
    const bad = [
        [good.split("#")[1], "no secret"],
        ["#" + good.split("#")[1], "only the secret"],
        [good.replace("https", "ftp"), "must begin with"],
        [good.replace("t1.", "t2."), "another version"],
        [good.slice(0, -1) + "0", "a 0 is an o"],
        [good.slice(0, -1) + "-", "does not belong"],
        [good.slice(0, -1), "too short"],
        [good + "a", "too long"],
        [good.replace("nceu", "nceq"), "checksum"],
    ];
    for (const [text, words] of bad) {
        const { message } = await parseLink(text).then(assert.fail, (error) => error);
        assert.match(message, new RegExp(words));
        assert.ok(!message.includes("nceu"));
    }
});

test("a page that browsers do not trust with cryptography is told so", async () => {
    const kept = Object.getOwnPropertyDescriptor(globalThis, "crypto");
    Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
    const { message } = await parseLink(vector("link")).then(assert.fail, (error) => error);
    Object.defineProperty(globalThis, "crypto", kept);
    assert.match(message, /pages of https alone, or of this machine/);
});

test("a description's certificate", () => {
    assert.ok(equal(fingerprintOf(SDP), FINGERPRINT));
    assert.ok(equal(fingerprintOf(SDP + SDP), FINGERPRINT));
    assert.equal(fingerprintOf("v=0\r\n"), null);
    assert.equal(fingerprintOf(SDP.replace("sha-256", "sha-1")), null);
});
