// What the server and its clients share.
import { createHash } from "node:crypto";

export const MESSAGE = 1 << 20; // bytes of the large messages, both ways

/** Bytes in which no block is like another. */
export function pattern(size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0, x = 1; i + 4 <= size; i += 4) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE(x, i);
  }
  return bytes;
}

export const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Prints an event, as one line "NAME JSON". */
export const say = (name, details = null) => console.log(name, JSON.stringify(details));

/** Lets the server send what it holds back behind the gate of that name. */
export async function open(base, gate) {
  const response = await fetch(`${base}/open/${gate}`, { method: "POST" });
  if (!response.ok) throw new Error(`gate ${gate}: status ${response.status}`);
}

/** The next event of that name, or an error where "error" comes first. */
export function once(target, name) {
  return new Promise((resolve, reject) => {
    const add = (target.once ?? target.addEventListener).bind(target);
    add(name, resolve);
    add("error", (error) => reject(error instanceof Error ? error : new Error(`no ${name}`)));
  });
}
