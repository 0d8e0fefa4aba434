// usage: client.mjs BASE-URL MODEL
// Uses the openai package as a person would, and prints each event as a line
// "EVENT JSON". Behind "first-token" the listener opens the gate of MODEL; the
// last stream is aborted before its gate opens.
import { createHash, randomBytes } from "node:crypto";
import OpenAI from "openai";

const [baseURL, model] = process.argv.slice(2);
const report = (event, details = null) => console.log(event, JSON.stringify(details));
const client = new OpenAI({ baseURL, apiKey: "sk-of-a-test", maxRetries: 0 });
const messages = [{ role: "user", content: "What does a tunnel do?" }];

const models = await client.models.list();
report("models", models.data.map((m) => m.id));

const completion = await client.chat.completions.create({ model: "mock-small", messages });
report("completion", completion.choices[0].message.content);

let text = "";
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  if (text === "") report("first-token");
  text += chunk.choices[0].delta.content ?? "";
}
report("streamed", text);

const images = [randomBytes(20 << 20), randomBytes(1000)];
const parts = images.map((image) => ({
  type: "image_url",
  image_url: { url: `data:image/png;base64,${image.toString("base64")}` },
}));
const content = [{ type: "text", text: "What do these show?" }, ...parts];
const seen = await client.chat.completions.create({
  model: "mock-small",
  messages: [{ role: "user", content }],
});
const digests = images.map((image) => createHash("sha256").update(image).digest("hex"));
report("images", seen.choices[0].message.content === digests.join(" "));

const lookUp = { type: "function", function: { name: "look_up", parameters: { type: "object" } } };
const runner = client.chat.completions.stream({ model: "mock-small", messages, tools: [lookUp] });
const call = (await runner.finalChatCompletion()).choices[0].message.tool_calls[0].function;
report("tool", { name: call.name, arguments: JSON.parse(call.arguments) });

const endless = { model: "gated:never-opened", messages, stream: true };
const stream = await client.chat.completions.create(endless);
for await (const chunk of stream) {
  report("abort", chunk.choices[0].delta.content);
  stream.controller.abort();
}
report("aborted");

try {
  await client.models.retrieve("no-such-model");
} catch (error) {
  report("error", { name: error.constructor.name, status: error.status });
}
report("done");
