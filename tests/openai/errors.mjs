// usage: errors.mjs ORIGIN
// What each client library says when the tunnel has no answer for it. A row a
// client; prints "NAME JSON-OF-THE-MESSAGE" for each.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { generateText, streamText } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";

const [origin] = process.argv.slice(2);
const [baseURL, apiKey, model] = [`${origin}/v1`, "key-of-a-test", "any"];
const messages = [{ role: "user", content: "What does a tunnel do?" }];
const request = { model, messages, max_tokens: 10 };
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const mounted = new OpenAI({ baseURL: `${origin}/api/v1`, apiKey, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: origin, apiKey, maxRetries: 0 });
const ollama = new Ollama({ host: origin });
const generate = (of) => generateText({ model: of, messages, maxRetries: 0 });

/** An error of streamText comes as a part of its stream. */
async function stream(of) {
  const result = streamText({ model: of, messages, maxRetries: 0, onError: () => {} });
  for await (const part of result.fullStream) if (part.type === "error") throw part.error;
}

const rows = {
  "openai": () => openai.chat.completions.create(request),
  "openai-stream": () => openai.chat.completions.create({ ...request, stream: true }),
  "openai-below-api": () => mounted.models.list(),
  "anthropic": () => anthropic.messages.create(request),
  "anthropic-stream": () => anthropic.messages.stream(request).finalMessage(),
  "ollama": () => ollama.chat({ model, messages }),
  "ollama-stream": () => ollama.chat({ model, messages, stream: true }),
  "ollama-list": () => ollama.list(),
  "ai-openai": () => generate(createOpenAI({ baseURL, apiKey }).chat(model)),
  "ai-openai-responses": () => generate(createOpenAI({ baseURL, apiKey })(model)),
  "ai-openai-compatible": () =>
    generate(createOpenAICompatible({ name: "tunnel", baseURL, apiKey }).chatModel(model)),
  "ai-anthropic": () => generate(createAnthropic({ baseURL, apiKey })(model)),
  "ai-anthropic-stream": () => stream(createAnthropic({ baseURL, apiKey })(model)),
};

for (const [name, call] of Object.entries(rows)) {
  const said = await call().then(() => "no error", (error) => error.message);
  console.log(name, JSON.stringify(said));
}
console.log("done");
