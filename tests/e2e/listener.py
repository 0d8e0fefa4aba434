"""Sockets that threads of a test wait at."""

import socket


def stop_listening(listener):
    """Closes it, and ends the accept() of another thread. That would go on by
    itself with the descriptor's number, and take what is meant for whoever
    has it next."""
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
