// `npm pack` makes a package that can be installed and imported, and that says
// what is missing where there is no WebRTC.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../../web", import.meta.url));
const npm = (cwd, ...args) =>
    execFileSync("npm", [...args, "--offline", "--no-audit", "--no-fund", "--loglevel=error"], {
        cwd,
        encoding: "utf8",
    });

test("a packed tarball", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "tunnel-package-"));
    t.after(() => rmSync(folder, { recursive: true }));
    try {
        npm(web, "pack", "--pack-destination", folder);
    } catch (error) {
        if (error.code === "ENOENT") return t.skip("there is no npm");
        throw error;
    }
    const [tarball] = readdirSync(folder);
    writeFileSync(join(folder, "package.json"), '{"private": true, "type": "module"}');
    npm(folder, "install", join(folder, tarball));
    const installed = readdirSync(join(folder, "node_modules/webrtc-tunnel"));
    assert.deepEqual(installed.sort(), ["LICENSE", "README.md", "package.json", "tunnel"]);
    writeFileSync(
        join(folder, "use.js"),
        `import { connect, Tunnel } from "webrtc-tunnel";
        const link = "https://signal.example.org/#t1." + "a".repeat(55);
        await connect(link).catch((error) => console.log(error.name, error.message, typeof Tunnel));`,
    );
    const said = execFileSync(process.execPath, ["use.js"], { cwd: folder, encoding: "utf8" });
    assert.match(said, /^TypeError there is no WebRTC here.* function\n$/);
});
