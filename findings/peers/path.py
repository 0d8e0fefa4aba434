"""A path between two peers on this machine that can lose what it carries."""

import re
import socket
import threading

from peers import own_address


class Path:
    """Between two peers: a socket stands for each of them, and takes its place in its
    description."""

    def __init__(self):
        self.limit = 65535  # what is larger is lost
        self.largest = 0
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        self.real = [None, None]
        for own in self.sockets:
            own.bind((own_address(), 0))
        for index in range(2):
            threading.Thread(target=self.carry, args=(index,), daemon=True).start()

    def carry(self, index):
        """What comes for one of the peers comes from the other."""
        while True:
            datagram = self.sockets[index].recv(65535)
            self.largest = max(self.largest, len(datagram))
            if len(datagram) <= self.limit and self.real[index]:
                self.sockets[1 - index].sendto(datagram, self.real[index])

    def through(self, index, sdp):
        """The description of this peer, with its stand-in as the only candidate."""
        address = own_address()
        ports = re.findall(rf"a=candidate:\S+ 1 udp \d+ {address} (\d+) typ host", sdp, re.I)
        self.real[index] = (address, int(ports[0]))
        sdp = re.sub(r"a=(candidate:|end-of-candidates).*\r\n", "", sdp)
        port = self.sockets[index].getsockname()[1]
        return f"{sdp}a=candidate:1 1 udp 2130706431 {address} {port} typ host\r\n"


def connect(offerer, answerer, path):
    """True once a channel is open between them."""
    offer = path.through(0, offerer.do("offer")["sdp"])
    answerer.do("remote", type="offer", sdp=offer)
    answer = path.through(1, answerer.do("answer")["sdp"])
    offerer.do("remote", type="answer", sdp=answer)
    return bool(offerer.when(30, event="open") and answerer.when(30, event="open"))
