"""Bodies: framed on one side as they were on the other (RFC 9112 sections 6
and 7), and not looked into."""

from row import DATE, OK, Chunks, Row, answers, client, get, got, head, passes
from row import post, posted, upstream

CHUNKED = "Transfer-Encoding: chunked"
ALL_BYTES = bytes(range(256)) * 16
DATED = head("HTTP/1.1 200 OK", DATE)
DATED_CHUNKED = head("HTTP/1.1 200 OK", DATE, CHUNKED)
DATED_CLOSING = head("HTTP/1.1 200 OK", DATE, "Connection: close")


def cut(content, size=1000):
    """Chunks of that size, and the last one without its trailers."""
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return b"".join(b"%X\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n"


BIG = bytes(range(251)) * 8000  # over every first window

OF_REQUESTS = [
    passes(
        "two megabytes by length",
        post("Content-Length: 2008000", body=BIG),
        posted("Content-Length: 2008000") + BIG,
    ),
    passes(
        "two megabytes in chunks",
        post(CHUNKED, body=cut(BIG, 5000) + b"\r\n"),
        (posted(CHUNKED), Chunks(BIG)),
    ),
    passes(
        "a length", post("Content-Length: 5", body=b"hello"), posted("Content-Length: 5") + b"hello"
    ),
    passes(
        "every byte",
        post("Content-Length: 4096", body=ALL_BYTES),
        posted("Content-Length: 4096") + ALL_BYTES,
    ),
    passes("a length of nothing", post("Content-Length: 0"), posted("Content-Length: 0")),
    passes(
        "a length with zeros in front",
        post("Content-Length: 005", body=b"hello"),
        posted("Content-Length: 005") + b"hello",
    ),
    passes("none", post(), posted(), needs="fields"),
    passes(
        "none, which version 1 cannot tell", post(), posted("Content-Length: 0"), lacks="fields"
    ),
    passes("of GET", get("Content-Length: 5") + b"hello", got("Content-Length: 5") + b"hello"),
    passes(
        "chunks", post(CHUNKED, body=cut(ALL_BYTES) + b"\r\n"), (posted(CHUNKED), Chunks(ALL_BYTES))
    ),
    passes(
        "chunks of a byte",
        post(CHUNKED, body=cut(b"hello", 1) + b"\r\n"),
        (posted(CHUNKED), Chunks(b"hello")),
    ),
    passes(
        "chunks of GET", get(CHUNKED) + b"5\r\nhello\r\n0\r\n\r\n", (got(CHUNKED), Chunks(b"hello"))
    ),
    passes(
        "chunks in another letter case",
        post("transfer-encoding: CHUNKED", body=b"5\r\nhello\r\n0\r\n\r\n"),
        (posted(CHUNKED), Chunks(b"hello")),
    ),
    passes(
        "chunks with nothing in them",
        post(CHUNKED, body=b"0\r\n\r\n"),
        (posted(CHUNKED), Chunks()),
        needs="fields",
    ),
    passes(
        "chunk extensions go",
        post(CHUNKED, body=b'5;a;b=c;d="e;\\"f" \r\nhello\r\n00;z\r\n\r\n'),
        (posted(CHUNKED), Chunks(b"hello")),
    ),
    passes(
        "a size with zeros in front",
        post(CHUNKED, body=b"0000000005\r\nhello\r\n000\r\n\r\n"),
        (posted(CHUNKED), Chunks(b"hello")),
    ),
    passes(
        "a content coding",
        post("Content-Encoding: gzip", "Content-Length: 4", body=b"\x1f\x8b\x08\x00"),
        posted("Content-Encoding: gzip", "Content-Length: 4") + b"\x1f\x8b\x08\x00",
    ),
    Row(
        "byte by byte",
        *(client.sends(bytes([c])) for c in post(CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n")),
        upstream.gets(posted(CHUNKED), Chunks(b"hello")),
        upstream.sends(OK),
        client.gets(OK),
    ),
]

OF_RESPONSES = [
    answers("two megabytes by length", DATED[:-2] + b"Content-Length: 2008000\r\n\r\n" + BIG),
    answers(
        "two megabytes in chunks",
        DATED_CHUNKED + cut(BIG, 5000) + b"\r\n",
        (DATED_CHUNKED, Chunks(BIG)),
    ),
    answers("a length", DATED[:-2] + b"Content-Length: 5\r\n\r\nhello"),
    answers("every byte", DATED[:-2] + b"Content-Length: 4096\r\n\r\n" + ALL_BYTES),
    answers("a length of nothing", DATED[:-2] + b"Content-Length: 0\r\n\r\n"),
    answers("chunks", DATED_CHUNKED + cut(ALL_BYTES) + b"\r\n", (DATED_CHUNKED, Chunks(ALL_BYTES))),
    answers("chunks with nothing in them", DATED_CHUNKED + b"0\r\n\r\n", (DATED_CHUNKED, Chunks())),
    answers(
        "chunk extensions go",
        DATED_CHUNKED + b'5;a;b="c" \r\nhello\r\n0;z\r\n\r\n',
        (DATED_CHUNKED, Chunks(b"hello")),
    ),
    answers(
        "a content coding",
        DATED[:-2] + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\n\x8b\x00\x80\x03",
    ),
    Row(
        "until the close",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(DATED + b"hello"),
        upstream.ends(),
        client.gets(DATED_CHUNKED, Chunks(b"hello")),
    ),
    Row(
        "until the close, with nothing before it",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(DATED),
        upstream.ends(),
        client.gets(DATED_CHUNKED, Chunks()),
    ),
    Row(
        "byte by byte",
        client.sends(get()),
        upstream.gets(got()),
        *(upstream.sends(bytes([c])) for c in DATED_CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"),
        client.gets(DATED_CHUNKED, Chunks(b"hello")),
    ),
]

# RFC 9110 section 6.5.
TRAILERS = [
    answers(
        "what Connection names goes here, too",
        DATED_CHUNKED[:-2] + b"Connection: x-a\r\n\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n",
        (DATED_CHUNKED, Chunks(b"", ("X-B: 2",))),
        needs="fields",
    ),
    passes(
        "what a request's Connection names goes here, too",
        post(CHUNKED, "Connection: X-A", body=b"1\r\nx\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"),
        (posted(CHUNKED), Chunks(b"x", ("X-B: 2",))),
        needs="fields",
    ),
    passes(
        "of a request",
        post("Trailer: X-Sum", CHUNKED, body=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-more:2\r\n\r\n"),
        (posted("Trailer: X-Sum", CHUNKED), Chunks(b"hello", ("X-Sum: 1", "x-more: 2"))),
        needs="fields",
    ),
    passes(
        "of a request, where none travel",
        post(CHUNKED, body=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
        (posted(CHUNKED), Chunks(b"hello")),
        lacks="fields",
    ),
    answers(
        "of a response",
        DATED_CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-more: 2\r\n\r\n",
        (DATED_CHUNKED, Chunks(b"hello", ("X-Sum: 1", "x-more: 2"))),
        needs="fields",
    ),
    answers(
        "of a response, where none travel",
        DATED_CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
        (DATED_CHUNKED, Chunks(b"hello")),
        lacks="fields",
    ),
    answers(
        "those that must not be trailers go",
        DATED_CHUNKED
        + b"5\r\nhello\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nHost: x\r\n"
        b"Connection: close\r\nSet-Cookie: a\r\nAuthorization: b\r\nContent-Type: c\r\n"
        b"X-Sum: 1\r\n\r\n",
        (DATED_CHUNKED, Chunks(b"hello", ("X-Sum: 1",))),
        needs="fields",
    ),
    passes(
        "of a request that must not be trailers go",
        post(
            CHUNKED,
            body=b"1\r\nx\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n"
            b"X-Sum: 1\r\n\r\n",
        ),
        (posted(CHUNKED), Chunks(b"x", ("X-Sum: 1",))),
        needs="fields",
    ),
]

# RFC 9112 section 9.3 and RFC 9110 section 2.5: clients of before 1.1.
CLOSED = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

HTTP_1_0 = [
    Row(
        "a length",
        client.sends(head("GET / HTTP/1.0")),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(CLOSED),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "with Host",
        client.sends(head("GET / HTTP/1.0", "Host: here", "A: 1")),
        upstream.gets(got("A: 1")),
        upstream.sends(OK),
        client.gets(CLOSED),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "chunks become what the close ends",
        client.sends(head("GET / HTTP/1.0")),
        upstream.gets(got()),
        upstream.sends(DATED_CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
        client.gets(DATED_CLOSING + b"hello"),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "what the close ends stays so",
        client.sends(head("GET / HTTP/1.0")),
        upstream.gets(got()),
        upstream.sends(DATED + b"hello"),
        upstream.ends(),
        client.gets(DATED_CLOSING + b"hello"),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "keep-alive",
        client.sends(head("GET / HTTP/1.0", "Connection: keep-alive")),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(OK.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")),
        client.sends(head("POST / HTTP/1.0", "Content-Length: 2") + b"xy"),
        upstream.gets(posted("Content-Length: 2") + b"xy"),
        upstream.sends(OK),
        client.gets(CLOSED),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "keep-alive, which a body until the close ends",
        client.sends(head("GET / HTTP/1.0", "Connection: keep-alive")),
        upstream.gets(got()),
        upstream.sends(DATED_CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"),
        client.gets(DATED_CLOSING + b"hello"),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "no interim response",
        client.sends(head("GET / HTTP/1.0")),
        upstream.gets(got()),
        upstream.sends(head("HTTP/1.1 103 Early Hints", "Link: </x>") + OK),
        client.gets(CLOSED),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "no Upgrade",
        client.sends(head("GET / HTTP/1.0", "Connection: Upgrade", "Upgrade: websocket")),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(CLOSED),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "an upstream of 1.0",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(head("HTTP/1.0 200 OK", DATE) + b"hello"),
        upstream.ends(),
        client.gets(DATED_CHUNKED, Chunks(b"hello")),
    ),
    Row(
        "an upstream of 1.0 that keeps alive",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(CLOSED.replace(b"close", b"keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")),
        client.gets(OK),
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(OK),
        by="serve",
    ),
    Row(
        "an upstream of 1.0 with a length, which closes",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(OK.replace(b"HTTP/1.1", b"HTTP/1.0")),
        client.gets(OK),
        upstream.sees_end(),
    ),
]
