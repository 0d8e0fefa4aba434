#!/usr/bin/python3
"""A signal server of before rooms were shared: two in a room, no codes, no keys,
and whatever else a message has is ignored.

    old_signal.py HOST:PORT
"""

import json
import socket
import sys
import threading

from hostile_signal import SAID, Member

ROOM_MAX = 2


class OldMember(Member):
    room = None

    def handshake(self):
        line = self.stream.readline()
        if b" /healthz " not in line:
            super().handshake()
            return
        while self.stream.readline().strip():
            pass
        text = json.dumps({"status": "ok", **self.server.health()}).encode()
        self.conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                          b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        raise OSError("that was all")


class OldSignal:
    def __init__(self, host, port):
        self.lock = threading.RLock()
        self.rooms = {}
        self.listener = socket.create_server((host, port))
        print("ws://%s:%d" % self.listener.getsockname()[:2], flush=True)

    def run(self):
        while True:
            conn, _ = self.listener.accept()
            threading.Thread(target=OldMember(self, conn).run, daemon=True).start()

    def health(self):
        with self.lock:
            return {"rooms": len(self.rooms), "peers": sum(map(len, self.rooms.values()))}

    def others(self, member):
        return [other for other in self.rooms.get(member.room, []) if other is not member]

    def take(self, member, message):
        with self.lock:
            kind = message["type"]
            if kind == "join":
                self.join(member, message["room"])
            elif kind == "bye":
                self.leave(member)
            elif kind in SAID:
                what = "candidate" if kind == "candidate" else "sdp"
                for other in self.others(member):
                    other.send({"type": kind, "peerId": member.id, what: message[what]})
            else:
                member.send({"type": "error", "message": "unknown message type"})

    def join(self, member, room):
        members = self.rooms.setdefault(room, [])
        if len(members) == ROOM_MAX:
            member.send({"type": "error", "message": "the room is full"})
            return
        member.room = room
        members.append(member)
        others = self.others(member)
        member.send({"type": "joined", "peerId": member.id, "peers": [o.id for o in others]})
        for other in others:
            other.send({"type": "peer-joined", "peerId": member.id})

    def leave(self, member):
        with self.lock:
            if member not in self.rooms.get(member.room, []):
                return
            others = self.others(member)
            self.rooms[member.room] = others
            if not others:
                del self.rooms[member.room]
            for other in others:
                other.send({"type": "peer-left", "peerId": member.id})


if __name__ == "__main__":
    HOST, _, PORT = sys.argv[1].rpartition(":")
    OldSignal(HOST, int(PORT)).run()
