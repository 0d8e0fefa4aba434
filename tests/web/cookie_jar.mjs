// The page's cookies.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Jar } from "../../web/app/cookie_jar.js";

function jarOf(path, ...cookies) {
    const jar = new Jar();
    jar.take(
        cookies.map((cookie) => ["set-cookie", cookie]),
        path,
    );
    return jar;
}

test("a cookie goes where its path leads, the longer path first", () => {
    const jar = jarOf("/a/b", "x=1", "y=2; Path=/", "z=3; path=/a/b/c");
    assert.equal(jar.header("/a/b/c/d"), "z=3; x=1; y=2");
    assert.equal(jar.header("/a/other"), "x=1; y=2");
    assert.equal(jar.header("/ab"), "y=2");
    assert.equal(jarOf("/top", "x=1").header("/"), "x=1");
});

test("a second one of that name and path replaces it", () => {
    const jar = jarOf("/", "x=1", "x=2; HttpOnly; Secure", "x=3; Path=/y");
    assert.equal(jar.header("/"), "x=2");
    assert.equal(jar.header("/y"), "x=3; x=2");
});

test("it ends when it is said to, and Max-Age counts", () => {
    assert.equal(jarOf("/", "x=1; Max-Age=0").header("/"), "");
    assert.equal(jarOf("/", "x=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT").header("/"), "");
    assert.equal(
        jarOf("/", "x=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT").header("/"),
        "x=1",
    );
    const jar = jarOf("/", "x=1");
    jar.take([["Set-Cookie", "x=; Max-Age=-1"]], "/");
    assert.equal(jar.header("/"), "");
});

test("what is none is dropped, and they are bounded", () => {
    assert.equal(jarOf("/", "nothing", "=1", `x=${"a".repeat(5000)}`).header("/"), "");
    assert.equal(jarOf("/", "x=a=b; odd; ;=").header("/"), "x=a=b");
    const jar = jarOf("/", ...Array.from({ length: 1000 }, (_, i) => `c${i}=1`));
    assert.equal(jar.header("/").split("; ").length, 300);
});
