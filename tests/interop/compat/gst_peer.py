#!/usr/bin/python3
"""A peer of compat.py on GStreamer's webrtcbin."""

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

TYPES = {"offer": GstWebRTC.WebRTCSDPType.OFFER, "answer": GstWebRTC.WebRTCSDPType.ANSWER}


def say(**event):
    print(json.dumps(event), flush=True)


class Peer:
    def __init__(self):
        self.pipeline = Gst.Pipeline()
        self.bin = Gst.ElementFactory.make("webrtcbin")
        self.bin.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.bin)
        self.bin.connect("on-data-channel", lambda _, channel: self.take(channel))
        self.bin.connect("on-ice-candidate", self.on_candidate)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.channel = None
        self.is_open = False

    def take(self, channel):
        self.channel = channel
        channel.connect("on-open", lambda _: self.on_open())
        channel.connect("on-message-data", lambda _, data: self.on_data(data))
        channel.connect("on-close", lambda _: say(event="closed"))
        if channel.get_property("ready-state") == GstWebRTC.WebRTCDataChannelState.OPEN:
            self.on_open()

    def on_open(self):
        if not self.is_open:
            say(event="open")
        self.is_open = True

    def on_data(self, data):
        say(event="message", hex=data.get_data().hex())

    def on_candidate(self, _, index, candidate):
        init = {"candidate": candidate, "sdpMLineIndex": index}
        say(event="candidate", candidate=init)

    def describe(self, kind):
        def on_created(promise, *_):
            reply = promise.get_reply()  # it owns the description
            own = reply.get_value(kind)
            text = own.sdp.as_text()
            self.bin.emit("set-local-description", own, Gst.Promise.new())
            say(event="description", type=kind, sdp=text)

        self.bin.emit(f"create-{kind}", None, Gst.Promise.new_with_change_func(on_created))

    def offer(self, _):
        self.take(self.bin.emit("create-data-channel", "tunnel", None))
        self.describe("offer")

    def restart(self, _):  # there is no option for it
        self.describe("offer")

    def remote(self, command):
        _, sdp = GstSdp.SDPMessage.new_from_text(command["sdp"])
        kind = TYPES[command["type"]]
        description = GstWebRTC.WebRTCSessionDescription.new(kind, sdp)

        def on_set(promise, *_):
            reply = promise.get_reply()
            if reply and reply.has_field("error"):
                say(event="failed", at="remote", text=reply.get_value("error").message)
            elif command["type"] == "offer":
                self.describe("answer")

        promise = Gst.Promise.new_with_change_func(on_set)
        self.bin.emit("set-remote-description", description, promise)

    def candidate(self, command):
        init = command["candidate"]
        self.bin.emit("add-ice-candidate", init.get("sdpMLineIndex") or 0, init["candidate"])

    def send(self, command):
        self.channel.emit("send-data", GLib.Bytes.new(bytes.fromhex(command["hex"])))

    def close(self, _):  # webrtcbin has no close()
        self.pipeline.set_state(Gst.State.NULL)

    def obey(self, command):
        getattr(self, command["do"])(command)
        return False


def read(peer, loop):
    for line in sys.stdin:
        GLib.idle_add(peer.obey, json.loads(line))
    GLib.idle_add(loop.quit)


Gst.init(None)
loop = GLib.MainLoop()
threading.Thread(target=read, args=(Peer(), loop), daemon=True).start()
say(event="started")
loop.run()
