// One peer connection on any stack whose API is that of W3C, led by commands
// and telling events (compat.py has the table of both).
const hexOf = (data) =>
  Array.from(new Uint8Array(data), (b) => b.toString(16).padStart(2, "0")).join("");
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));

export function lead(connection, say) {
  let channel;
  let isOpen = false;
  const take = (raw) => {
    channel = raw;
    channel.binaryType = "arraybuffer";
    channel.onopen = () => {
      if (!isOpen) say({ event: "open" });
      isOpen = true;
    };
    channel.onmessage = ({ data }) => say({ event: "message", hex: hexOf(data) });
    channel.onclose = () => say({ event: "closed" });
    if (channel.readyState === "open") channel.onopen();
  };
  connection.ondatachannel = (event) => take(event.channel);
  connection.onicecandidate = ({ candidate }) => {
    if (candidate?.candidate) say({ event: "candidate", candidate });
  };
  const describe = async (own) => {
    await connection.setLocalDescription(own);
    const { type, sdp } = connection.localDescription;
    say({ event: "description", type, sdp });
  };
  const actions = {
    async offer() {
      take(connection.createDataChannel("tunnel"));
      await describe(await connection.createOffer());
    },
    async restart() {
      await describe(await connection.createOffer({ iceRestart: true }));
    },
    async remote({ type, sdp }) {
      await connection.setRemoteDescription({ type, sdp });
      if (type === "offer") await describe(await connection.createAnswer());
    },
    candidate: ({ candidate }) => connection.addIceCandidate(candidate),
    close: () => connection.close(),
  };
  say({ event: "started" });
  // One after the other: a candidate must not overtake its description.
  let last = Promise.resolve();
  return (command) => {
    if (command.do === "send") {
      channel.send(bytesOf(command.hex)); // also when a description hangs
      return;
    }
    last = last
      .then(() => actions[command.do](command))
      .catch((error) => say({ event: "failed", at: command.do, text: `${error?.message ?? error}` }));
  };
}
