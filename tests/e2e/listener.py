"""Sockets that threads of a test wait at."""

import socket
import threading


def accept_all(listener, serve):
    """Calls serve(connection) in a thread of its own for each that comes, until
    stop_listening()."""
    def accept():
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(conn,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def stop_listening(listener):
    """Closes it, and ends the accept() of another thread. That would go on by
    itself with the descriptor's number, and take what is meant for whoever
    has it next."""
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
