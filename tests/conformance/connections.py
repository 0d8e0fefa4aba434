"""Connections: requests in a row, ends, resets, and those of the upstream (RFC
9112 section 9)."""

from row import DATE, HOST, OK, Chunks, ChunksBegin, Failure, LastHead, Refusal, Row
from row import client, get, got, head, post, posted, upstream

CHUNKED = "Transfer-Encoding: chunked"
CLOSING = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
LONG = head("HTTP/1.1 200 OK", DATE, "Content-Length: 10")
CHUNKS = head("HTTP/1.1 200 OK", DATE, CHUNKED)


def ask(path):
    return head(f"GET {path} HTTP/1.1", "Host: here")


def asked(path):
    return head(f"GET {path} HTTP/1.1", HOST)


def reply(text):
    return head("HTTP/1.1 200 OK", DATE, f"Content-Length: {len(text)}") + text


def exchange(path, text):
    """The upstream's part in one of several requests."""
    return upstream.gets(asked(path)), upstream.sends(reply(text)), client.gets(reply(text))


ONE_AFTER_THE_OTHER = [
    Row(
        "pipelined requests are answered in order",
        client.sends(ask("/1") + ask("/2") + ask("/3")),
        *exchange("/1", b"one"),
        *exchange("/2", b"two"),
        *exchange("/3", b"three"),
        by="proxy",
    ),
    Row(
        "one with a body, and one behind it",
        client.sends(post(CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n") + ask("/2")),
        upstream.gets(posted(CHUNKED), Chunks(b"hello")),
        upstream.sends(OK),
        client.gets(OK),
        *exchange("/2", b"two"),
        by="proxy",
    ),
    Row(
        "one behind a HEAD",
        client.sends(head("HEAD /1 HTTP/1.1", "Host: here") + ask("/2")),
        upstream.gets(head("HEAD /1 HTTP/1.1", HOST)),
        upstream.sends(LONG),
        client.gets(LONG),
        *exchange("/2", b"two"),
        by="proxy",
    ),
    Row(
        "nothing behind Connection: close",
        client.sends(get("Connection: close") + ask("/2")),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(CLOSING),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "a malformed one behind a good one",
        client.sends(ask("/1") + b"GET /2 HTTP/1.1\r\nHost : here\r\n\r\n" + ask("/3")),
        *exchange("/1", b"one"),
        client.gets(Refusal(400)),
        by="proxy",
    ),
    Row(
        "an empty line between two",
        client.sends(ask("/1") + b"\r\n" + ask("/2")),
        *exchange("/1", b"one"),
        *exchange("/2", b"two"),
        by="proxy",
    ),
    Row(
        "one behind a failure",
        upstream.forgets(),
        client.sends(ask("/1")),
        upstream.gets(asked("/1")),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated")),
        client.sends(ask("/2")),
        upstream.again(),
        *exchange("/2", b"two"),
    ),
]

FIRST_HALF = post("Content-Length: 10", body=b"hello")

FORBIDDEN = "HTTP/1.1 403 Forbidden", DATE, "Content-Length: 2"

# RFC 9110 section 7.5: a response may come before its request has ended.
EARLY_RESPONSES = [
    Row(
        "one that begins early: the rest of the request goes on",
        client.sends(FIRST_HALF),
        upstream.gets(posted("Content-Length: 10") + b"hello"),
        upstream.sends(LONG + b"12345"),
        client.gets(LONG + b"12345"),
        client.sends(b"world"),
        upstream.gets(b"world"),
        upstream.sends(b"67890"),
        client.gets(b"67890"),
        client.sends(ask("/2")),
        upstream.on_any(),  # serve may not have known that the request was over
        *exchange("/2", b"two"),
    ),
    Row(
        "the same in chunks",
        client.sends(post(CHUNKED, body=b"5\r\nhello\r\n")),
        upstream.gets(posted(CHUNKED), ChunksBegin(b"hello")),
        upstream.sends(CHUNKS + b"5\r\n12345\r\n"),
        client.gets(CHUNKS, ChunksBegin(b"12345")),
        client.sends(b"5\r\nworld\r\n0\r\n\r\n"),
        upstream.gets(Chunks(b"world")),
        upstream.sends(b"5\r\n67890\r\n0\r\n\r\n"),
        client.gets(Chunks(b"67890")),
    ),
    Row(
        "one that ends early: the rest of the request is dropped",
        client.sends(FIRST_HALF),
        upstream.gets(posted("Content-Length: 10") + b"hello"),
        upstream.sends(OK),
        client.gets(OK),
        upstream.sees_close(),
        client.sends(b"world" + ask("/2")),
        upstream.again(),
        *exchange("/2", b"two"),
    ),
    Row(
        "one of an upstream that then closes",
        client.sends(FIRST_HALF),
        upstream.gets(posted("Content-Length: 10") + b"hello"),
        upstream.sends(CLOSING),
        upstream.ends(),
        client.gets(OK),
        upstream.sees_close(),
        client.sends(b"world" + ask("/2")),
        upstream.again(),
        *exchange("/2", b"two"),
    ),
    Row(
        "one of an upstream that reads no more and closes",
        client.sends(post("Content-Length: 1000000000000", body=bytes(2000000))),
        upstream.gets(posted("Content-Length: 1000000000000")),
        upstream.sends(head(*FORBIDDEN) + b"no"),
        upstream.closes(),
        client.gets(LastHead(FORBIDDEN), b"no"),
        by="serve",
    ),
    Row(
        "more than is worth reading is not read",
        client.sends(post("Content-Length: 1000000000000", body=b"hello")),
        upstream.gets(posted("Content-Length: 1000000000000") + b"hello"),
        upstream.sends(OK),
        client.gets(OK),
        client.sees_close(),
        upstream.sees_close(),
        by="proxy",
    ),
]

# A client's FIN alone is no cancellation.
HALF_CLOSES = [
    Row(
        "behind a request",
        client.sends(get()),
        client.ends(),
        upstream.gets(got()),
        upstream.sends(OK),
        client.gets(OK),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "behind a request with a body",
        client.sends(post("Content-Length: 5", body=b"hello")),
        client.ends(),
        upstream.gets(posted("Content-Length: 5") + b"hello"),
        upstream.sends(LONG + b"12345"),
        client.gets(LONG + b"12345"),
        upstream.sends(b"67890"),
        client.gets(b"67890"),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "when the upstream has the request",
        client.sends(get()),
        upstream.gets(got()),
        client.ends(),
        upstream.sends(OK),
        client.gets(OK),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "behind pipelined requests",
        client.sends(ask("/1") + ask("/2")),
        client.ends(),
        *exchange("/1", b"one"),
        *exchange("/2", b"two"),
        client.sees_end(),
        by="proxy",
    ),
    Row(
        "in the middle of a request: it will never be whole",
        client.sends(FIRST_HALF),
        upstream.gets(posted("Content-Length: 10") + b"hello"),
        client.ends(),
        upstream.sees_close(),
        client.sees_close(),
        by="proxy",
    ),
]


def cancels(name, *steps):
    return Row(name, *steps, upstream.sees_close(), by="proxy")


BEGUN = (client.sends(get()), upstream.gets(got()))
STREAMING = (*BEGUN, upstream.sends(LONG + b"12345"), client.gets(LONG + b"12345"))

CANCELLATIONS = [
    cancels("a reset before the response", *BEGUN, client.resets()),
    cancels("a close before the response", *BEGUN, client.closes()),
    cancels("a reset while the response comes", *STREAMING, client.resets()),
    cancels("a close while the response comes", *STREAMING, client.closes()),
    cancels(
        "a close behind pipelined requests",
        client.sends(ask("/1") + ask("/2")),
        upstream.gets(asked("/1")),
        client.closes(),
    ),
    cancels(
        "a reset behind pipelined requests",
        client.sends(ask("/1") + ask("/2")),
        upstream.gets(asked("/1")),
        client.resets(),
    ),
    cancels("a close behind a half-close", *BEGUN, client.ends(), client.closes()),
    cancels(
        "a reset in the middle of a request",
        client.sends(FIRST_HALF),
        upstream.gets(posted("Content-Length: 10") + b"hello"),
        client.resets(),
    ),
    cancels(
        "a close in the middle of a chunked request",
        client.sends(post(CHUNKED, body=b"5\r\nhello\r\n")),
        upstream.gets(posted(CHUNKED), ChunksBegin(b"hello")),
        client.closes(),
    ),
]

AGAIN = (client.sends(ask("/2")), upstream.gets(asked("/2")), upstream.ends(), upstream.again())

# RFC 9110 section 9.2.2, RFC 9112 section 9.3.1.
UPSTREAM_CONNECTIONS = [
    Row(
        "one is used again",
        client.sends(ask("/1")),
        *exchange("/1", b"one"),
        client.sends(ask("/2")),
        *exchange("/2", b"two"),
    ),
    Row(
        "one that says close is not",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(CLOSING),
        client.gets(OK),
        upstream.sees_end(),
        client.sends(ask("/2")),
        upstream.again(),
        *exchange("/2", b"two"),
    ),
    Row(
        "one that the upstream ends while it waits is not",
        client.sends(ask("/1")),
        *exchange("/1", b"one"),
        upstream.ends(),
        upstream.sees_close(),
        client.sends(post("Content-Length: 5", body=b"hello")),
        upstream.again(),
        upstream.gets(posted("Content-Length: 5") + b"hello"),
        upstream.sends(OK),
        client.gets(OK),
        by="serve",
    ),
    Row(
        "one that was closed meanwhile: the request is sent once more",
        client.sends(ask("/1")),
        *exchange("/1", b"one"),
        *AGAIN,
        *exchange("/2", b"two"),
        by="serve",
    ),
    Row(
        "but once only",
        client.sends(ask("/1")),
        *exchange("/1", b"one"),
        *AGAIN,
        upstream.gets(asked("/2")),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated")),
        by="serve",
    ),
    Row(
        "and not when it was a fresh one",
        upstream.forgets(),
        client.sends(ask("/1")),
        upstream.gets(asked("/1")),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated")),
        by="serve",
    ),
    Row(
        "nor what may do harm when it is done twice",
        client.sends(ask("/1")),
        *exchange("/1", b"one"),
        client.sends(post("Content-Length: 5", body=b"hello")),
        upstream.gets(posted("Content-Length: 5") + b"hello"),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated")),
        by="serve",
    ),
    Row(
        "not even without a body",
        client.sends(ask("/1")),
        *exchange("/1", b"one"),
        client.sends(post("Content-Length: 0")),
        upstream.gets(posted("Content-Length: 0")),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated")),
        by="serve",
    ),
    Row(
        "nor when a response has begun",
        client.sends(ask("/1")),
        *exchange("/1", b"one"),
        client.sends(ask("/2")),
        upstream.gets(asked("/2")),
        upstream.sends(b"HTTP/1.1 2"),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated")),
        by="serve",
    ),
    Row(
        "a response that nobody has asked for is nobody's",
        client.sends(ask("/1")),
        upstream.gets(asked("/1")),
        upstream.sends(reply(b"one") + reply(b"bad")),
        client.gets(reply(b"one")),
        upstream.sees_close(),
        client.sends(ask("/2")),
        upstream.again(),
        *exchange("/2", b"two"),
        by="serve",
    ),
    Row(
        "nor is one on a connection that waits",
        client.sends(ask("/1")),
        *exchange("/1", b"one"),
        upstream.sends(head("HTTP/1.1 408 Request Timeout", "Connection: close")),
        upstream.sees_close(),
        client.sends(ask("/2")),
        upstream.again(),
        *exchange("/2", b"two"),
        by="serve",
    ),
]


def nobody_there(name, accept, is_json):
    return Row(
        name,
        upstream.forgets(),
        upstream.stops(),
        client.sends(get(*accept)),
        client.gets(Failure(502, "connection_refused", is_json)),
        upstream.starts(),
        by="serve",
    )


# RFC 9209, and the shape of OpenAI's errors.
OWN_ERRORS = [
    nobody_there("to a client that says nothing", (), True),
    nobody_there("to one that takes anything", ("Accept: */*",), True),
    nobody_there("to one that takes JSON", ("Accept: application/json",), True),
    nobody_there(
        "to one that takes JSON too", ("Accept: text/html, application/json;q=0.5",), True
    ),
    nobody_there("to one that takes text only", ("Accept: text/plain",), False),
    nobody_there("to one that wants HTML", ("Accept: text/html, image/png",), False),
]
