// OpenAI's Realtime, which dials wss: whatever the base URL says, and REST
// beside it: realtime.mjs HTTPS-ORIGIN
import OpenAI from "openai-7";
import { OpenAIRealtimeWS } from "openai-7/realtime/ws";

const origin = process.argv[2];
const say = (event, value) => console.log(event, JSON.stringify(value));
const client = (path) => new OpenAI({ baseURL: `${origin}${path}`, apiKey: "k", maxRetries: 0 });

const models = await client("/v1").models.list();
say("models", models.data.map((model) => model.id));

let text = "";
const stream = await client("/v1").chat.completions.create({
  model: "mock-small",
  messages: [{ role: "user", content: "x" }],
  stream: true,
});
for await (const event of stream) text += event.choices[0]?.delta.content ?? "";
say("streamed", text);

// The upstream there echoes what it gets.
const realtime = new OpenAIRealtimeWS({ model: "mock" }, client("/websocket"));
const failed = new Promise((_, reject) => realtime.on("error", reject));
const opened = new Promise((resolve) => realtime.socket.on("open", resolve));
await Promise.race([opened, failed]);
say("dialled", realtime.url.href.split("?")[0]);
const echoed = new Promise((resolve) => realtime.on("event", resolve));
realtime.send({ type: "response.create", response: { instructions: "say ä" } });
say("echoed", await Promise.race([echoed, failed]));
const closed = new Promise((resolve) => realtime.socket.on("close", resolve));
realtime.close({ code: 1000, reason: "enough" });
say("closed", await closed);
