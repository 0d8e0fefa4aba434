"""The same as peer.mjs, on GStreamer's webrtcbin."""

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

OPTIONS = {"ordered": "ordered", "maxRetransmits": "max-retransmits",
           "maxPacketLifeTime": "max-packet-lifetime"}
TYPES = {"offer": GstWebRTC.WebRTCSDPType.OFFER, "answer": GstWebRTC.WebRTCSDPType.ANSWER}


def say(**words):
    print(json.dumps(words), flush=True)


def promise(then):
    """One that says the error, if there is one, else goes on with the reply."""
    def on_change(kept, *_):
        reply = kept.get_reply()
        if reply and reply.has_field("error"):
            say(error=reply.get_value("error").message)
        else:
            then(reply)
    return Gst.Promise.new_with_change_func(on_change)


class Peer:
    def __init__(self, servers):
        self.more = []  # what is collected does not go on
        self.pipeline = Gst.Pipeline()
        self.bin = Gst.ElementFactory.make("webrtcbin")
        self.bin.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        for server in servers:
            at = server["urls"].removeprefix("turn:")
            self.bin.set_property("turn-server", f"turn://u:p@{at}")
        self.pipeline.add(self.bin)
        self.bin.connect("on-data-channel", lambda _, channel: self.on_channel(channel))
        self.pipeline.set_state(Gst.State.PLAYING)

    def nick(self, name):
        return self.bin.get_property(name).value_nick

    def on_channel(self, channel):
        say(event="channel", label=channel.get_property("label"))
        self.use(channel)

    def use(self, channel):
        self.channel = channel
        channel.connect("on-open", lambda _: say(event="open"))
        channel.connect("on-message-data", lambda _, data: self.on_data(data))
        if channel.get_property("ready-state") == GstWebRTC.WebRTCDataChannelState.OPEN:
            say(event="open")

    def on_data(self, data):
        say(event="message", size=data.get_size())

    def describe(self, kind):
        def is_waiting():
            if self.nick("ice-gathering-state") != "complete":
                return True
            say(sdp=self.bin.get_property("local-description").sdp.as_text())
            return False

        def on_created(reply):
            own = reply.get_value(kind)  # the reply owns it
            on_set = promise(lambda _: GLib.timeout_add(20, is_waiting))
            self.bin.emit("set-local-description", own, on_set)

        self.bin.emit(f"create-{kind}", None, promise(on_created))

    def offer(self, options=None):
        given = Gst.Structure.new_empty("options")
        for name, value in (options or {}).items():
            given.set_value(OPTIONS[name], value)
        self.use(self.bin.emit("create-data-channel", "x", given))
        self.describe("offer")

    def another(self, label):
        self.more.append(self.bin.emit("create-data-channel", label, None))
        say()

    def remote(self, type, sdp):
        _, parsed = GstSdp.SDPMessage.new_from_text(sdp)
        description = GstWebRTC.WebRTCSessionDescription.new(TYPES[type], parsed)
        self.bin.emit("set-remote-description", description, promise(lambda _: say()))

    def answer(self):
        self.describe("answer")

    def candidate(self, candidate):
        self.bin.emit("add-ice-candidate", 0, candidate)
        say()

    def send(self, size):
        self.channel.emit("send-data", GLib.Bytes.new(bytes(size)))
        say()

    def pour(self, count, size, **_):
        self.channel.set_property("buffered-amount-low-threshold", 65536)
        self.channel.connect("on-buffered-amount-low", lambda _: say(event="low"))
        for _ in range(count):
            self.channel.emit("send-data", GLib.Bytes.new(bytes(size)))
        say(buffered=self.channel.get_property("buffered-amount"))

    def close(self):
        self.channel.emit("close")
        say()

    def rollback(self):
        _, empty = GstSdp.SDPMessage.new()
        kind = GstWebRTC.WebRTCSDPType.ROLLBACK
        description = GstWebRTC.WebRTCSessionDescription.new(kind, empty)
        self.bin.emit("set-local-description", description, promise(lambda _: say()))

    def properties(self):
        say(**{name: self.channel.get_property(own) for name, own in OPTIONS.items()})

    def state(self):
        channel = self.channel.get_property("ready-state").value_nick
        say(connection=self.nick("connection-state"), channel=channel)

    def obey(self, command):
        getattr(self, command.pop("do"))(**command)
        return False


def read(peer, loop):
    for line in sys.stdin:
        GLib.idle_add(peer.obey, json.loads(line))
    GLib.idle_add(loop.quit)


Gst.init(None)
loop = GLib.MainLoop()
threading.Thread(target=read, args=(Peer(json.loads(sys.argv[1])), loop), daemon=True).start()
loop.run()
