// What is done to a document of the app: where the shim goes, and its policy.
import "./webcrypto.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";

const { isHtml, placeOf, relaxed, withPolicy, withShim } = await import("../../web/app/html.js");

/** Where it is put: a bar. */
const placed = (text) => {
    const at = placeOf(text, true);
    return `${text.slice(0, at)}|${text.slice(at)}`;
};

test("the shim goes where the head begins, and before no doctype", () => {
    for (const wanted of [
        "<!doctype html><html><head>|<title>x</title>",
        '<!-- <x> --><!DOCTYPE html>\n<HTML lang="en"><HEAD id=a>|<script>',
        "<!doctype html>\n|<title>x</title><header>",
        "<html lang=x>|<body>",
        "|<p>hello",
        "|just words",
        "\ufeff<!doctype html>|<header>",
        "|",
    ])
        assert.equal(placed(wanted.replace("|", "")), wanted);
});

test("it waits until the place is known, and not for ever", () => {
    for (const text of ["", "<", "<!doc", "<!doctype html>", "<!doctype html><html><hea", "<html>"])
        assert.equal(placeOf(text, false), -1, text);
    assert.equal(placeOf(" ".repeat(5000), false), 5000);
});

test("a document in pieces of a byte has it once", async () => {
    const text = "<!doctype html><html><head><title>é</title><p>x";
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream({
        start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
        },
    });
    const whole = await new Response(withShim(body)).text();
    const [before, script, after] = whole.split(/<script>|<\/script>/);
    assert.equal(before + after, text);
    assert.match(script, /tunnelPage/);
});

test("a policy lets the shim run, and nothing else", () => {
    const hash = "'sha256-x'";
    for (const [policy, wanted] of [
        ["frame-ancestors 'none'", ""],
        ["img-src 'self'", "img-src 'self'"],
        ["script-src 'self'; frame-ancestors *", `script-src 'self' ${hash}`],
        ["script-src 'none'", `script-src ${hash}`],
        ["default-src 'self'", `default-src 'self'; script-src 'self' ${hash}`],
        ["script-src 'unsafe-inline'", "script-src 'unsafe-inline'"],
        ["script-src 'unsafe-inline' 'nonce-a'", `script-src 'unsafe-inline' 'nonce-a' ${hash}`],
        [
            "default-src 'self' 'unsafe-inline'",
            "default-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'",
        ],
        [
            "script-src 'self'; script-src-elem a.example",
            `script-src 'self'; script-src-elem a.example ${hash}`,
        ],
        ["sandbox, script-src a.example", `sandbox, script-src a.example ${hash}`],
    ])
        assert.equal(relaxed(policy, hash), wanted, policy);
});

test("the hash is that of the script in the document", async () => {
    const [[, policy]] = await withPolicy([["content-security-policy", "script-src 'self'"]]);
    const document = await new Response(withShim(new Response("<p>").body)).text();
    const script = /<script>([^]*)<\/script>/.exec(document)[1];
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script));
    assert.ok(policy.includes(`'sha256-${Buffer.from(digest).toString("base64")}'`));
});

test("which documents are looked into", () => {
    assert.ok(isHtml([["Content-Type", "text/html; charset=utf-8"]]));
    assert.ok(!isHtml([["content-type", "text/html;charset=UTF-16LE"]]));
    assert.ok(!isHtml([["content-type", "text/plain"]]));
    assert.ok(!isHtml([]));
});
