#!/usr/bin/python3
"""Runs a program that gets no socket of netlink, as one under systemd's
RestrictAddressFamilies= does not. Exit 77: this machine cannot do that.

    without_netlink.py PROGRAM ARGUMENTS…
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
SOCKET = {"x86_64": 41, "aarch64": 198}
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_AT, FIRST_ARGUMENT_AT = 0, 16  # in struct seccomp_data


def main():
    number = SOCKET.get(platform.machine())
    if number is None:
        sys.exit(77)
    steps = ((LOAD, 0, 0, NUMBER_AT), (EQUAL, 0, 3, number), (LOAD, 0, 0, FIRST_ARGUMENT_AT),
             (EQUAL, 0, 1, socket.AF_NETLINK), (RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT),
             (RETURN, 0, 0, ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
            PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        sys.exit(77)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
