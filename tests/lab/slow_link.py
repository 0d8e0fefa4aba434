#!/usr/bin/python3
"""A link with a delay, since the kernel may have no netem: two TUN devices,
near0 and far0, for others to take into their namespaces. Every packet that is
written to one comes out of the other that many milliseconds later, in order.

    slow_link.py MILLISECONDS

prints "ready" once there are both, and ends with its standard input.
"""

import collections
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 1500
PR_SET_TIMERSLACK = 29


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def read_all(fd):
    while True:
        try:
            yield os.read(fd, MTU)
        except BlockingIOError:
            return


def carry(fds, delay):
    """Until standard input ends. The delay is the same for all, so the oldest
    packet is always the next."""
    waiting = collections.deque()  # (when, to, packet)
    while True:
        wait = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([*fds, sys.stdin], [], [], wait)
        if sys.stdin in ready:
            return
        for fd, other in (fds, fds[::-1]):
            if fd in ready:
                due = time.monotonic() + delay
                waiting.extend((due, other, packet) for packet in read_all(fd))
        while waiting and waiting[0][0] <= time.monotonic():
            _, to, packet = waiting.popleft()
            try:
                os.write(to, packet)
            except OSError:
                pass  # its device is down: lost, as on any path


def main():
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1)
    fds = open_tun("near0"), open_tun("far0")
    print("ready", flush=True)
    carry(fds, float(sys.argv[1]) / 1000)


if __name__ == "__main__":
    main()
