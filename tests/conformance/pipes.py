"""Upgrade and CONNECT: the connection becomes a pipe of bytes, each direction
with an end of its own (RFC 9110 sections 7.8 and 9.3.6)."""

from row import DATE, HOST, OK, Failure, Fields, Head, Row, client, get, got, head, upstream

KEYS = ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")
ASK = get("Connection: Upgrade", "Upgrade: websocket", *KEYS)
OF_HOP = ("Connection: Upgrade", "Upgrade: websocket")
ASKED = Fields("GET / HTTP/1.1", (HOST, *KEYS), OF_HOP)
UNASKED = got(*KEYS)
ACCEPT = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
SWITCH = head("HTTP/1.1 101 Switching Protocols", *OF_HOP, ACCEPT)
SWITCHED = Fields("HTTP/1.1 101 Switching Protocols", (ACCEPT,), OF_HOP)
FRAMES = bytes(range(256)) * 20 + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"
OPEN = (client.sends(ASK), upstream.gets(ASKED), upstream.sends(SWITCH), client.gets(SWITCHED))
BACK = (client.sends(FRAMES), upstream.gets(FRAMES), upstream.sends(b"pong"), client.gets(b"pong"))
CLOSED = (client.ends(), upstream.sees_end(), upstream.ends(), client.sees_end())
REQUIRED = head("HTTP/1.1 426 Upgrade Required", DATE, "Content-Length: 2") + b"no"


def opens(name, *steps):
    return Row(name, *OPEN, *steps, needs="upgrade")


UPGRADE = [
    opens(
        "bytes both ways",
        *BACK,
        client.ends(),
        upstream.sees_end(),
        upstream.ends(),
        client.sees_end(),
    ),
    opens(
        "the client ends first, and still gets",
        client.sends(b"last"),
        client.ends(),
        upstream.gets(b"last"),
        upstream.sees_end(),
        upstream.sends(FRAMES),
        client.gets(FRAMES),
        upstream.ends(),
        client.sees_end(),
    ),
    opens(
        "the upstream ends first, and still gets",
        upstream.sends(b"last"),
        upstream.ends(),
        client.gets(b"last"),
        client.sees_end(),
        client.sends(FRAMES),
        upstream.gets(FRAMES),
        client.ends(),
        upstream.sees_end(),
    ),
    opens("the client resets", *BACK, client.resets(), upstream.sees_close()),
    opens("the upstream resets", *BACK, upstream.resets(), client.sees_close()),
    Row(
        "bytes right behind the heads",
        client.sends(ASK),
        upstream.gets(ASKED),
        upstream.sends(SWITCH + b"early"),
        client.gets(SWITCHED, b"early"),
        *BACK,
        client.ends(),
        upstream.sees_end(),
        upstream.ends(),
        client.sees_end(),
        needs="upgrade",
    ),
    Row(
        "an upstream that does not want it",
        client.sends(ASK),
        upstream.gets(ASKED),
        upstream.sends(REQUIRED),
        client.gets(REQUIRED),
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(OK),
        needs="upgrade",
    ),
    Row(
        "HEAD",
        client.sends(head("HEAD / HTTP/1.1", "Host: here", *OF_HOP) + get()),
        upstream.gets(Fields("HEAD / HTTP/1.1", (HOST,), OF_HOP)),
        upstream.sends(REQUIRED[:-2]),
        client.gets(REQUIRED[:-2]),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(OK),
        needs="upgrade",
    ),
    Row(
        "POST of nothing",
        client.sends(head("POST / HTTP/1.1", "Host: here", *OF_HOP, "Content-Length: 0")),
        upstream.gets(Fields("POST / HTTP/1.1", (HOST,), OF_HOP)),
        upstream.sends(SWITCH),
        client.gets(SWITCHED),
        *BACK,
        *CLOSED,
        needs="upgrade",
    ),
    Row(
        "what the client sends before the answer",
        client.sends(ASK + b"early"),
        upstream.gets(ASKED),
        upstream.sends(SWITCH),
        client.gets(SWITCHED),
        upstream.gets(b"early"),
        *BACK,
        client.ends(),
        upstream.sees_end(),
        upstream.ends(),
        client.sees_end(),
        needs="upgrade",
    ),
    Row(
        "what comes behind one that is refused is the next request",
        client.sends(ASK + get()),
        upstream.gets(ASKED),
        upstream.sends(REQUIRED),
        client.gets(REQUIRED),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(OK),
        needs="upgrade",
    ),
    Row(
        "several protocols",
        client.sends(get("Connection: Upgrade", "Upgrade: h2c, foo/2", "Upgrade: websocket")),
        upstream.gets(
            Fields(
                "GET / HTTP/1.1",
                (HOST,),
                ("Connection: Upgrade", "Upgrade: h2c, foo/2", "Upgrade: websocket"),
            )
        ),
        upstream.sends(OK),
        client.gets(OK),
        needs="upgrade",
    ),
    Row(
        "HTTP/2 by upgrade is not passed on, and the next request is another",
        client.sends(
            get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA")
        ),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(OK),
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(OK),
    ),
    Row(
        "the client ends before the answer",
        client.sends(ASK),
        upstream.gets(ASKED),
        client.ends(),
        upstream.sends(SWITCH),
        client.gets(SWITCHED),
        upstream.sees_end(),
        upstream.sends(FRAMES),
        client.gets(FRAMES),
        upstream.ends(),
        client.sees_end(),
        needs="upgrade",
    ),
    Row(
        "an interim response first",
        client.sends(ASK),
        upstream.gets(ASKED),
        upstream.sends(head("HTTP/1.1 103 Early Hints", "A: 1") + SWITCH),
        client.gets(head("HTTP/1.1 103 Early Hints", "A: 1"), SWITCHED),
        *BACK,
        client.ends(),
        upstream.sees_end(),
        upstream.ends(),
        client.sees_end(),
        needs="upgrade interim",
    ),
    Row(
        "a request that has a body is an ordinary one",
        client.sends(
            get("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5") + b"hello"
        ),
        upstream.gets(got("Content-Length: 5") + b"hello"),
        upstream.sends(OK),
        client.gets(OK),
    ),
    Row(
        "where no pipes travel it is not asked for",
        client.sends(ASK),
        upstream.gets(UNASKED),
        upstream.sends(OK),
        client.gets(OK),
        lacks="upgrade",
    ),
]

TO_CONNECT = head("CONNECT here:80 HTTP/1.1", "Host: here:80")

OWN_PORT = head("CONNECT {upstream} HTTP/1.1", "Host: {upstream}")
CONNECTED = Head(rb"HTTP/1.1 200 OK\r\nDate: [^\r]+\r\n\r\n")


def refused(name, authority):
    return Row(
        name,
        client.sends(head(f"CONNECT {authority} HTTP/1.1", f"Host: {authority}")),
        client.gets(Failure(403, "http_request_denied")),
    )


# With serve --allow-connect.
CONNECT_ALLOWED = [
    Row(
        "to the upstream itself",
        client.sends(OWN_PORT),
        client.gets(CONNECTED),
        *BACK,
        *CLOSED,
    ),
    Row(
        "bytes right behind the head",
        client.sends(OWN_PORT + b"early"),
        client.gets(CONNECTED),
        upstream.gets(b"early"),
        *BACK,
        *CLOSED,
    ),
    Row(
        "the client ends first, and still gets",
        client.sends(OWN_PORT + b"all"),
        client.ends(),
        client.gets(CONNECTED),
        upstream.gets(b"all"),
        upstream.sees_end(),
        upstream.sends(FRAMES),
        client.gets(FRAMES),
        upstream.ends(),
        client.sees_end(),
    ),
    Row(
        "the upstream ends first, and still gets",
        client.sends(OWN_PORT + b"x"),
        client.gets(CONNECTED),
        upstream.gets(b"x"),
        upstream.ends(),
        client.sees_end(),
        client.sends(FRAMES),
        upstream.gets(FRAMES),
        client.ends(),
        upstream.sees_end(),
    ),
    Row(
        "the client resets",
        client.sends(OWN_PORT + b"x"),
        client.gets(CONNECTED),
        upstream.gets(b"x"),
        client.resets(),
        upstream.sees_close(),
    ),
    Row(
        "the upstream resets",
        client.sends(OWN_PORT + b"x"),
        client.gets(CONNECTED),
        upstream.gets(b"x"),
        upstream.resets(),
        client.sees_close(),
    ),
    Row(
        "nobody is there",
        upstream.forgets(),
        upstream.stops(),
        client.sends(OWN_PORT),
        client.gets(Failure(502, "connection_refused")),
        upstream.starts(),
    ),
    refused("another port", "127.0.0.1:1"),
    refused("another host", "localhost:80"),
]

CONNECT = [
    Row(
        "where no pipes travel",
        client.sends(TO_CONNECT + get()),  # what follows may be the pipe's
        client.gets(Failure(501, "http_request_error")),
        client.sees_end(),
        lacks="upgrade",
        by="proxy",
    ),
    Row(
        "which serve has not allowed",
        client.sends(TO_CONNECT + get()),
        client.gets(Failure(403, "http_request_denied")),
        client.sees_end(),
        needs="upgrade",
        by="serve",
    ),
]
