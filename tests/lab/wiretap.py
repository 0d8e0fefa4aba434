#!/usr/bin/python3
"""Listens in on a server: passes connections on to it, and prints every piece
of what it answers as a line of JSON, a string whose characters are the bytes.

    wiretap.py ADDRESS PORT SERVER SERVER-PORT

prints "ready" once it listens.
"""

import json
import socket
import sys
import threading


print_lock = threading.Lock()


def carry(source, sink, is_printed):
    try:
        while data := source.recv(65536):
            if is_printed:
                with print_lock:
                    print(json.dumps(data.decode("latin-1")), flush=True)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # either side is gone, and the other will see it


def main():
    address, port, server, server_port = sys.argv[1:]
    listener = socket.create_server((address, int(port)))
    print("ready", flush=True)
    while True:
        client, _ = listener.accept()
        upstream = socket.create_connection((server, int(server_port)))
        for way in ((client, upstream, False), (upstream, client, True)):
            threading.Thread(target=carry, args=way, daemon=True).start()


if __name__ == "__main__":
    main()
