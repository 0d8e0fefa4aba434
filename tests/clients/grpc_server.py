#!/usr/bin/python3
"""A gRPC service of bytes with each kind of call, for test_grpc.py. Prints
"listening URL", and "cancelled" for a call of /slow that its client left."""

from concurrent import futures

import grpc


def once(request, _context):
    return b"once " + request


def down(request, _context):
    for i in range(5):
        yield b"%d %s" % (i, request)


def up(requests, _context):
    return b" ".join(requests)


def both(requests, _context):
    for request in requests:
        yield request[::-1]


def slow(_request, context):
    """Says one thing, and then nothing until the client has gone."""
    gone = futures.Future()
    context.add_callback(lambda: gone.set_result(None))
    yield b"begun"
    gone.result()
    print("cancelled", flush=True)


HANDLERS = {
    "once": grpc.unary_unary_rpc_method_handler(once),
    "down": grpc.unary_stream_rpc_method_handler(down),
    "up": grpc.stream_unary_rpc_method_handler(up),
    "both": grpc.stream_stream_rpc_method_handler(both),
    "slow": grpc.unary_stream_rpc_method_handler(slow),
}

server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test", HANDLERS),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening http://127.0.0.1:{port}", flush=True)
server.wait_for_termination()
