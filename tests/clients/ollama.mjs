// usage: ollama.mjs BASE-URL
// The ollama package: a list, answers whole and streamed, an image, an abort.
import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { digest, open, pattern } from "./common.mjs";

const [base] = process.argv.slice(2);
const ollama = new Ollama({ host: base });
const messages = [{ role: "user", content: "What does a tunnel do?" }];

assert.equal((await ollama.list()).models[0].name, "mock");

const whole = await ollama.chat({ model: "any", messages });
assert.equal(whole.message.content, "A tunnel streams.");

const image = pattern(4 << 20);
const seen = await ollama.chat({ model: "any", messages: [{ ...messages[0], images: [image] }] });
assert.equal(seen.message.content, digest(image));

let text = "";
for await (const part of await ollama.chat({ model: "gated", messages, stream: true })) {
  if (text === "") await open(base, "gated");
  text += part.message.content;
}
assert.equal(text, "A tunnel streams.");

const stream = await ollama.chat({ model: "never-opened", messages, stream: true });
await assert.rejects(async () => {
  for await (const part of stream) {
    assert.equal(part.message.content, "A");
    stream.abort();
  }
}, { name: "AbortError" });
console.log("done");
