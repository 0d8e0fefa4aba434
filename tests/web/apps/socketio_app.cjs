// A chat of those who are there, by Socket.IO: what one says all see, and files, too.
const { createServer } = require("node:http");
const express = require("express");
const { Server } = require("socket.io");

const page = `<!doctype html>
<html lang="en">
<head>
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A chat</title>
<script src="/socket.io/socket.io.js"></script>
<style>body { font: 16px/1.5 sans-serif; margin: 1em; } input { width: 70%; font: inherit; }</style>
</head>
<body>
<h1>A chat</h1>
<p id="how">not connected</p>
<ul id="said"></ul>
<form><input name="words" placeholder="Say something"><button>Say</button></form>
<script>
const socket = io();
const how = () => (document.getElementById("how").textContent =
    socket.connected ? "connected by " + socket.io.engine.transport.name : "not connected");
socket.on("connect", () => { how(); socket.io.engine.on("upgrade", how); });
socket.on("disconnect", how);
socket.on("said", (words, bytes) => {
    const line = document.createElement("li");
    line.textContent = words + (bytes ? " (" + (bytes instanceof ArrayBuffer) + ", " + bytes.byteLength + " bytes)" : "");
    document.getElementById("said").append(line);
});
document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    socket.emit("said", event.target.words.value, new Uint8Array(1000));
    event.target.reset();
});
</script>
</body>
</html>`;

const app = express();
app.get("/", (_, response) => response.type("html").send(page));
const server = createServer(app);
const io = new Server(server);
io.on("connection", (socket) => socket.on("said", (...said) => io.emit("said", ...said)));
server.listen(0, "127.0.0.1", () => console.log(`listening http://127.0.0.1:${server.address().port}`));
