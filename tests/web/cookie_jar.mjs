// The page's cookies.
import assert from "node:assert/strict";
import { test } from "node:test";

import { parseCookieDate } from "../../web/app/cookie_date.js";
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

test("scripts see and set those that are not HttpOnly", () => {
    const jar = jarOf("/app/login", "id=1; HttpOnly", "theme=dark");
    assert.equal(jar.read("/app/x"), "theme=dark");
    assert.equal(jar.header("/app/x"), "id=1; theme=dark");
    jar.write("id=2", "/app/x");
    jar.write("own=1; HttpOnly", "/app/x");
    jar.write("theme=light; Path=/app", "/app/deep/x");
    assert.equal(jar.header("/app/x"), "id=1; theme=light");
    jar.write("theme=; Max-Age=0; Path=/app", "/app/deep/x");
    assert.equal(jar.read("/app/x"), "");
});

test("of an attribute that stands twice the last one counts", () => {
    assert.equal(jarOf("/a/b", "x=1; Path=/; Path=/c").header("/c"), "x=1");
    assert.equal(jarOf("/a/b", "x=1; Path=/; Path").header("/a/c"), "x=1");
    assert.equal(jarOf("/", "x=1; Max-Age=60; Max-Age=0").header("/"), "");
    assert.equal(jarOf("/", "x=1; Max-Age=0; Max-Age=a").header("/"), "x=1");
});

test("they outlive the page, those of a session for a day", (t) => {
    let kept = "";
    const jar = new Jar((text) => (kept = text));
    jar.take([["Set-Cookie", "session=1; HttpOnly"]], "/");
    jar.take([["Set-Cookie", "long=1; Max-Age=1000000"]], "/");
    jar.take([["Set-Cookie", "short=1; Max-Age=100"]], "/");
    const restored = () => {
        const other = new Jar();
        other.restore(kept);
        return [other.header("/"), other.read("/")];
    };
    assert.deepEqual(restored(), ["session=1; long=1; short=1", "long=1; short=1"]);
    const now = Date.now();
    t.mock.method(Date, "now", () => now + 200 * 1000);
    assert.deepEqual(restored(), ["session=1; long=1", "long=1"]);
    Date.now.mock.mockImplementation(() => now + 25 * 3600 * 1000);
    assert.deepEqual(restored(), ["long=1", "long=1"]);
});

test("dates as servers write them", () => {
    const at = Date.UTC(2026, 9, 21, 7, 28, 0);
    for (const text of [
        "Wed, 21 Oct 2026 07:28:00 GMT",
        "Wednesday, 21-Oct-26 07:28:00 GMT",
        "Wed Oct 21 07:28:00 2026",
        "Wed, 21-October-2026 7:28:0",
        "2026 oct 21 07:28:00 +0200", // zones are not looked at
    ])
        assert.equal(parseCookieDate(text), at, text);
    assert.equal(parseCookieDate("1 Jan 70 00:00:00"), 0);
    for (const text of ["", "soon", "21 Oct 2026", "31 Feb 2026 07:28:00", "21 Oct 1600 07:28:00",
        "21 Oct 2026 24:00:00", "0 Oct 2026 07:28:00"])
        assert.equal(parseCookieDate(text), null, text);
});
