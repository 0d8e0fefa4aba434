"""Responses: what goes back, and what is no response (RFC 9110 sections 7.6 and
15, RFC 9112 sections 4 and 6.3)."""

from row import DATE, OK, Chunks, ChunksBegin, Failure, Head, Row, answers, client, get, got
from row import head, passes, spoils, upstream

CHUNKED = "Transfer-Encoding: chunked"
EMPTY = "Content-Length: 0"
NEXT = (client.sends(get()), upstream.gets(got()), upstream.sends(OK), client.gets(OK))


def response(*fields, status="200 OK", body=b""):
    return head(f"HTTP/1.1 {status}", DATE, *fields) + body


def bodyless(name, request, answer, comes=None, **when):
    """A response without a body: the next one follows on both connections."""
    return Row(
        name,
        client.sends(request),
        upstream.gets(request.replace(b"Host: here", b"Host: {upstream}")),
        upstream.sends(answer),
        client.gets(answer if comes is None else comes),
        *NEXT,
        **when,
    )


HEAD = head("HEAD / HTTP/1.1", "Host: here")

STATUSES = (
    [
        answers(status, response(EMPTY, status=status), by="proxy")
        for status in (
            "200 OK",
            "201 Created",
            "202 Accepted",
            "203 Non-Authoritative Information",
            "206 Partial Content",
            "300 Multiple Choices",
            "400 Bad Request",
            "401 Unauthorized",
            "402 Payment Required",
            "403 Forbidden",
            "404 Not Found",
            "405 Method Not Allowed",
            "406 Not Acceptable",
            "408 Request Timeout",
            "409 Conflict",
            "410 Gone",
            "412 Precondition Failed",
            "413 Content Too Large",
            "416 Range Not Satisfiable",
            "417 Expectation Failed",
            "421 Misdirected Request",
            "422 Unprocessable Content",
            "429 Too Many Requests",
            "500 Internal Server Error",
            "501 Not Implemented",
            "502 Bad Gateway",
            "503 Service Unavailable",
            "504 Gateway Timeout",
            "505 HTTP Version Not Supported",
        )
    ]
    + [
        answers(
            f"a redirect by {status}",
            response("Location: /elsewhere", EMPTY, status=status),
            by="proxy",
        )
        for status in (
            "301 Moved Permanently",
            "302 Found",
            "303 See Other",
            "307 Temporary Redirect",
            "308 Permanent Redirect",
        )
    ]
    + [
        answers("a status that nobody knows", response(EMPTY, status="299 Odd"), needs="fields"),
        answers("the highest status", response(EMPTY, status="599 Odd"), needs="fields"),
        answers("a status beyond", response(EMPTY, status="999 Odd"), needs="fields"),
        answers(
            "a status beyond, where none travels",
            response(EMPTY, status="999 Odd"),
            response(EMPTY, status="500 Internal Server Error"),
            lacks="fields",
            by="serve",
        ),
        answers(
            "a reason of one's own",
            response(EMPTY, status="200 All's well: \xfc\t(ok)"),
            needs="fields",
        ),
        answers(
            "a reason where none travels",
            response(EMPTY, status="404 Nowhere"),
            response(EMPTY, status="404 Not Found"),
            lacks="fields",
            by="proxy",
        ),
        answers(
            "a reason that is longer than a frame tells",
            response(EMPTY, status="200 " + "x" * 256),
            response(EMPTY, status="200 "),
            needs="fields",
        ),
        answers("no reason", response(EMPTY, status="200 "), needs="fields"),
        answers(
            "no reason, nor the blank before it",
            response(EMPTY, status="200"),
            response(EMPTY, status="200 "),
            needs="fields",
        ),
        spoils("a status of 99", response(EMPTY, status="099 Odd")),
    ]
)

FIELDS = [
    answers(
        "letter case and order are kept",
        response("x-LOWER: 1", "Server: it", "X-Mixed-cAsE: 2", EMPTY),
    ),
    answers(
        "every byte of obs-text",
        response("A: " + bytes(range(0x80, 0x100)).decode("latin-1"), EMPTY),
    ),
    answers(
        "white space around values goes",
        response("A:1", "B:\t2 ", "Content-Length:0"),
        response("A: 1", "B: 2", EMPTY),
    ),
    answers(
        "lines of Set-Cookie",
        response("Set-Cookie: a=1; Path=/", "Set-Cookie: b=2", "set-cookie: c=3", EMPTY),
        needs="fields",
    ),
    answers(
        "lines of Set-Cookie in an array",
        response("Set-Cookie: a=1", "Set-Cookie: b=2", EMPTY),
        needs="arrays",
    ),
    answers(
        "the last line of Set-Cookie",
        response("Set-Cookie: a=1", EMPTY, "Set-Cookie: b=2"),
        response("Set-Cookie: b=2", EMPTY),
        lacks="fields arrays",
    ),
    answers(
        "lines of one name",
        response("WWW-Authenticate: A", "X: 1", "WWW-Authenticate: B", EMPTY),
        needs="fields",
    ),
    answers(
        "lines of one name, joined",
        response("Vary: a", "X: 1", "vary: b", EMPTY),
        response("Vary: a, b", "X: 1", EMPTY),
        lacks="fields",
    ),
    answers(
        "a redirect to the upstream stays in the tunnel",
        response("Location: http://{upstream}/a/?b#c", "Content-Location: //{upstream}", EMPTY),
        response("Location: /a/?b#c", "Content-Location: /", EMPTY),
        by="serve",
    ),
    answers(
        "a redirect to elsewhere",
        response("Location: http://b.example/", "Content-Location: a/b", EMPTY),
    ),
    answers(
        "what Connection names goes",
        response("Connection: X-A", "X-A: 1", "X-B: 2", EMPTY),
        response("X-B: 2", EMPTY),
    ),
    answers(
        "what is always of one hop goes",
        response(
            "Keep-Alive: timeout=5",
            "Proxy-Connection: keep-alive",
            "TE: trailers",
            "Upgrade: h2c",
            "X-B: 2",
            EMPTY,
        ),
        response("X-B: 2", EMPTY),
    ),
    answers(
        "Proxy-Authenticate is kept",
        response("Proxy-Authenticate: Basic", EMPTY, status="407 Proxy Authentication Required"),
    ),
    answers(
        "Trailer is kept",
        response("Trailer: X-Sum", CHUNKED, body=b"0\r\n\r\n"),
        (response("Trailer: X-Sum", CHUNKED), Chunks()),
    ),
    answers(
        "a Date where there is none",
        head("HTTP/1.1 200 OK", EMPTY),
        (
            Head(
                rb"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n\r\n"
            ),
        ),
        by="proxy",
    ),
    answers("200 fields", response(*("A: 1" for _ in range(198)), EMPTY), needs="fields"),
    answers("a head of nearly 64 KiB", response("A: " + "x" * (64000), EMPTY)),
]

# RFC 9110 sections 8.6, 9.3.2, 15.3.5 and 15.4.5.
WITHOUT_A_BODY = [
    bodyless("HEAD", HEAD, response("Content-Length: 1000")),
    bodyless("HEAD of what has no length", HEAD, response("X: 1")),
    bodyless("HEAD of chunks", HEAD, response(CHUNKED, "X: 1"), response("X: 1")),
    bodyless(
        "304 of chunks",
        get(),
        response(CHUNKED, "ETag: x", status="304 Not Modified"),
        response("ETag: x", status="304 Not Modified"),
    ),
    Row(
        "a failure to HEAD",
        upstream.forgets(),
        client.sends(HEAD),
        upstream.gets(HEAD.replace(b"Host: here", b"Host: {upstream}")),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated", has_body=False)),
        client.sends(get()),
        upstream.again(),
        *NEXT[1:],
    ),
    *(
        Row(
            f"{name} that has one all the same: it is nobody's",
            client.sends(request),
            upstream.gets(request.replace(b"Host: here", b"Host: {upstream}")),
            upstream.sends(answer + b"HTTP/1.1 200 Bad\r\nContent-Length: 0\r\n\r\n"),
            client.gets(answer),
            upstream.sees_close(),
            client.sends(get()),
            upstream.again(),
            *NEXT[1:],
            by="serve",
        )
        for name, request, answer in (
            ("HEAD", HEAD, response("Content-Length: 10")),
            ("204", get(), response(status="204 No Content")),
            ("304", get(), response(status="304 Not Modified")),
        )
    ),
    bodyless(
        "204 of chunks",
        get(),
        response(CHUNKED, "X: 1", status="204 No Content"),
        response("X: 1", status="204 No Content"),
    ),
    bodyless("304", get(), response("ETag: x", status="304 Not Modified")),
    bodyless(
        "304 with a length",
        get(),
        response("ETag: x", "Content-Length: 1000", status="304 Not Modified"),
    ),
    bodyless("204", get(), response("X: 1", status="204 No Content")),
    bodyless(
        "204 with a length, which it need not have",
        get(),
        response("X: 1", "Content-Length: 0", status="204 No Content"),
    ),
    bodyless("HEAD that is not found", HEAD, response("Content-Length: 9", status="404 Not Found")),
]

# RFC 9110 section 15.2.
HINTS = head("HTTP/1.1 103 Early Hints", "Link: </x>; rel=preload", "link: </y>")
EXPECTING = ("Expect: 100-continue", "Content-Length: 5")
POST = head("POST / HTTP/1.1", "Host: here", *EXPECTING)

INTERIM = [
    answers("sixteen of them, no more", HINTS * 17 + OK, HINTS * 16 + OK, needs="interim"),
    Row(
        "one behind the response is nobody's",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(OK + HINTS),
        client.gets(OK),
        upstream.sees_close(),
        by="serve",
    ),
    passes(
        "an expectation that nobody knows",
        get("Expect: the unexpected"),
        got("Expect: the unexpected"),
        needs="interim",
    ),
    answers("103", HINTS + OK, needs="interim"),
    answers(
        "several",
        head("HTTP/1.1 102 Processing") + HINTS + HINTS + OK,
        needs="interim",
    ),
    answers(
        "a 100 that the client does not wait for goes",
        head("HTTP/1.1 100 Continue") + HINTS + head("HTTP/1.1 100 Continue") + OK,
        HINTS + OK,
        needs="interim",
    ),
    answers("one that nobody knows", head("HTTP/1.1 199 Odd", "X: 1") + OK, needs="interim"),
    answers(
        "fields of one hop go",
        head("HTTP/1.1 103 Early Hints", "Connection: X-A", "X-A: 1", "X-B: 2", EMPTY) + OK,
        head("HTTP/1.1 103 Early Hints", "X-B: 2") + OK,
        needs="interim",
    ),
    answers(
        "none where none travel", HINTS + head("HTTP/1.1 102 Processing") + OK, OK, lacks="interim"
    ),
    Row(
        "one that comes long before the response",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(HINTS),
        client.gets(HINTS),
        upstream.sends(OK),
        client.gets(OK),
        needs="interim",
    ),
    Row(
        "the upstream tells the client to go on",
        client.sends(POST),
        upstream.gets(head("POST / HTTP/1.1", "Host: {upstream}", *EXPECTING)),
        upstream.sends(head("HTTP/1.1 100 Continue")),
        client.gets(head("HTTP/1.1 100 Continue")),
        client.sends(b"hello"),
        upstream.gets(b"hello"),
        upstream.sends(OK),
        client.gets(OK),
        needs="interim",
    ),
    Row(
        "an upstream that never tells the client to go on",
        client.sends(POST),
        upstream.gets(head("POST / HTTP/1.1", "Host: {upstream}", *EXPECTING)),
        client.gets(head("HTTP/1.1 100 Continue")),
        client.sends(b"hello"),
        upstream.gets(b"hello"),
        upstream.sends(OK),
        client.gets(OK),
        needs="interim",
        by="serve",
    ),
    Row(
        "one that tells it so too late",
        client.sends(get("Expect: 100-continue", CHUNKED)),
        upstream.gets(got("Expect: 100-continue", CHUNKED)),
        upstream.sends(HINTS),
        client.gets(HINTS, head("HTTP/1.1 100 Continue")),
        upstream.sends(head("HTTP/1.1 100 Continue") + HINTS),
        client.gets(HINTS),
        client.sends(b"5\r\nhello\r\n0\r\n\r\n"),
        upstream.gets(Chunks(b"hello")),
        upstream.sends(OK),
        client.gets(OK),
        needs="interim",
        by="serve",
    ),
    Row(
        "a client that waits no longer",
        client.sends(POST),
        upstream.gets(head("POST / HTTP/1.1", "Host: {upstream}", *EXPECTING)),
        client.sends(b"hello"),
        upstream.gets(b"hello"),
        upstream.sends(OK),
        client.gets(OK),
        needs="interim",
    ),
    Row(
        "the upstream tells the client to go on with chunks",
        client.sends(get("Expect: 100-Continue", CHUNKED)),
        upstream.gets(got("Expect: 100-Continue", CHUNKED)),
        upstream.sends(head("HTTP/1.1 100 Go on", "A: 1")),
        client.gets(head("HTTP/1.1 100 Go on", "A: 1")),
        client.sends(b"5\r\nhello\r\n0\r\n\r\n"),
        upstream.gets(Chunks(b"hello")),
        upstream.sends(OK),
        client.gets(OK),
        needs="interim",
    ),
    Row(
        "the proxy tells the client to go on with chunks",
        client.sends(get("Expect: 100-continue", CHUNKED)),
        client.gets(head("HTTP/1.1 100 Continue")),
        client.sends(b"5\r\nhello\r\n0\r\n\r\n"),
        upstream.gets(got(CHUNKED), Chunks(b"hello")),
        upstream.sends(OK),
        client.gets(OK),
        lacks="interim",
        by="proxy",
    ),
    Row(
        "the upstream does not want the body",
        client.sends(POST),
        upstream.gets(head("POST / HTTP/1.1", "Host: {upstream}", *EXPECTING)),
        upstream.sends(response(EMPTY, status="417 Expectation Failed")),
        client.gets(response(EMPTY, "Connection: close", status="417 Expectation Failed")),
        client.sees_end(),
        upstream.sees_close(),
        needs="interim",
    ),
    Row(
        "a client that does not wait",
        client.sends(POST + b"hello"),
        upstream.gets(head("POST / HTTP/1.1", "Host: {upstream}", *EXPECTING) + b"hello"),
        upstream.sends(head("HTTP/1.1 100 Continue") + OK),
        client.gets(OK),
        needs="interim",
    ),
    Row(
        "the proxy tells the client to go on",
        client.sends(POST),
        client.gets(head("HTTP/1.1 100 Continue")),
        client.sends(b"hello"),
        upstream.gets(head("POST / HTTP/1.1", "Host: {upstream}", "Content-Length: 5") + b"hello"),
        upstream.sends(OK),
        client.gets(OK),
        lacks="interim",
        by="proxy",
    ),
    Row(
        "the proxy does not tell a client that goes on by itself",
        client.sends(POST + b"hello"),
        upstream.gets(head("POST / HTTP/1.1", "Host: {upstream}", "Content-Length: 5") + b"hello"),
        upstream.sends(OK),
        client.gets(OK),
        lacks="interim",
        by="proxy",
    ),
    Row(
        "what a client of 1.0 expects is ignored",
        client.sends(head("POST / HTTP/1.0", *EXPECTING) + b"hello"),
        upstream.gets(head("POST / HTTP/1.1", "Host: {upstream}", "Content-Length: 5") + b"hello"),
        upstream.sends(OK),
        client.gets(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")),
        client.sees_end(),
        by="proxy",
    ),
]


def answers_head(name):
    return Row(
        name,
        client.sends(HEAD),
        upstream.gets(HEAD.replace(b"Host: here", b"Host: {upstream}")),
        upstream.sends(response("Content-Length: 1", "Content-Length: 2")),
        client.gets(Failure(502, "http_protocol_error", has_body=False)),
        upstream.sees_close(),
        by="serve",
    )


# What is not as it should be, but has one reading for all who take it; what goes
# on is proper.
LENIENT = [
    answers("bare LFs in a head", OK.replace(b"\r\n", b"\n"), OK, by="serve"),
    answers(
        "one bare LF behind a field",
        OK.replace(b"\r\nContent", b"\nContent"),
        OK,
        by="serve",
    ),
    answers("a bare LF that ends the head", OK.replace(b"\r\n\r\n", b"\r\n\n"), OK, by="serve"),
    answers(
        "bare LFs in chunks",
        response(CHUNKED) + b"5\nhello\n1;x=y\r\n!\n0\nX-Sum: 1\n\n",
        (response(CHUNKED), Chunks(b"hello!", ("X-Sum: 1",))),
        needs="fields",
        by="serve",
    ),
    answers(
        "two lengths that are equal",
        response("Content-Length: 1", "A: 1", "content-length: 1", body=b"x"),
        response("Content-Length: 1", "A: 1", body=b"x"),
        by="serve",
    ),
    answers(
        "a list of lengths that are equal",
        response("Content-Length: 1, 1", body=b"x"),
        response("Content-Length: 1", body=b"x"),
        by="serve",
    ),
    Row(
        "a length and chunks: the chunks count, and the connection ends",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(response("Content-Length: 5", CHUNKED) + b"2\r\nok\r\n0\r\n\r\n"),
        client.gets(response(CHUNKED), Chunks(b"ok")),
        upstream.sees_close(),
        by="serve",
    ),
    bodyless(
        "two equal lengths, to HEAD",
        HEAD,
        response("Content-Length: 9", "Content-Length: 9"),
        response("Content-Length: 9"),
        by="serve",
    ),
]

HEAD_TOO_LARGE = "http_response_header_section_size"

MALFORMED = [
    spoils("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n"),
    spoils("HTTP/2.0", head("HTTP/2.0 200 OK", EMPTY)),
    spoils("HTTP/0.9", b"<html>hello</html>"),
    spoils("a version in small letters", head("http/1.1 200 OK", EMPTY)),
    spoils("a status of two digits", head("HTTP/1.1 20 OK", EMPTY)),
    spoils("a status of four digits", head("HTTP/1.1 2000 OK", EMPTY)),
    spoils("a status that is no number", head("HTTP/1.1 2x0 OK", EMPTY)),
    spoils("a signed status", head("HTTP/1.1 +20 OK", EMPTY)),
    spoils("a tab before the status", head("HTTP/1.1\t200 OK", EMPTY)),
    spoils("a control character in the reason", response(EMPTY, status="200 O\x01K")),
    spoils("a bare CR in the reason", response(EMPTY, status="200 O\rK")),
    spoils("a bare CR in a value", response("A: 1\rB: 2", EMPTY)),
    spoils("a NUL in a value", response("A: \x00", EMPTY)),
    spoils("a control character in a value", response("A: \x1b[0m", EMPTY)),
    spoils("a blank before the colon", response("A : 1", EMPTY)),
    spoils("a name that is no token", response("A B: 1", EMPTY)),
    spoils("no name", response(": 1", EMPTY)),
    spoils("no colon", response("A", EMPTY)),
    spoils("a folded line", response("A: 1", " 2", EMPTY)),
    spoils(
        "two lengths that differ", response("Content-Length: 1", "Content-Length: 2", body=b"xx")
    ),
    spoils("a list of lengths that differ", response("Content-Length: 1, 2", body=b"xx")),
    spoils("a list of lengths with nothing in it", response("Content-Length: 1,", body=b"x")),
    spoils("a signed length", response("Content-Length: +1", body=b"x")),
    spoils("a length of 2^64", response("Content-Length: 18446744073709551616")),
    spoils(
        "two lengths that differ, and chunks",
        response("Content-Length: 5", "Content-Length: 6", CHUNKED, body=b"0\r\n\r\n"),
    ),
    spoils("chunks in HTTP/1.0", head("HTTP/1.0 200 OK", CHUNKED) + b"0\r\n\r\n"),
    spoils("a coding that we do not know", response("Transfer-Encoding: gzip, chunked")),
    spoils("a coding that is not chunked", response("Transfer-Encoding: gzip")),
    spoils("chunked twice", response("Transfer-Encoding: chunked, chunked")),
    spoils("chunked that is not the last", response("Transfer-Encoding: chunked, gzip")),
    spoils("Connection that names Content-Length", response("Connection: Content-Length", EMPTY)),
    spoils("201 fields", response(*("A: 1" for _ in range(200))), HEAD_TOO_LARGE),
    answers_head("two lengths that differ, to HEAD"),
    Row(
        "a head that is too large when it is written as JSON",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(response("A: " + '"' * 40000, EMPTY)),
        client.gets(Failure(502, HEAD_TOO_LARGE)),
        upstream.sees_close(),
        lacks="fields",
        by="serve",
    ),
    spoils("a head over 64 KiB", response("A: " + "x" * 66000, EMPTY), HEAD_TOO_LARGE),
    spoils(
        "101 that was not asked for",
        head("HTTP/1.1 101 Switching Protocols", "Upgrade: x", "Connection: Upgrade"),
    ),
    Row(
        "an interim response and nothing behind it",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(head("HTTP/1.1 102 Processing")),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated")),
        lacks="interim",
        by="serve",
    ),
    Row(
        "half a head",
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(b"HTTP/1.1 200 OK\r\nContent-"),
        upstream.ends(),
        client.gets(Failure(502, "connection_terminated")),
        by="serve",
    ),
]


def broken_off(name, start, comes, *then, by="serve", needs=""):
    """A response that begins well, and ends otherwise than it said: the client
    must see that it is not whole."""
    return Row(
        name,
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(start),
        client.gets(*comes),
        *then,
        client.sees_break(),
        upstream.sees_close(),
        needs=needs,
        by=by,
    )


BY_LENGTH = (response("Content-Length: 10") + b"hello",) * 2
CHUNKS = (response(CHUNKED) + b"5\r\nhello\r\n", (response(CHUNKED), ChunksBegin(b"hello")))

BROKEN_OFF = [
    broken_off("a length", BY_LENGTH[0], BY_LENGTH[1:], upstream.ends(), by=""),
    broken_off("a length, by a reset", BY_LENGTH[0], BY_LENGTH[1:], upstream.resets(), by=""),
    broken_off("chunks", *CHUNKS, upstream.ends(), by=""),
    broken_off("chunks, by a reset", *CHUNKS, upstream.resets(), by=""),
    broken_off("a chunk", *CHUNKS, upstream.sends(b"9\r\nhello"), upstream.ends()),
    broken_off("the end of chunks", *CHUNKS, upstream.sends(b"0\r\n"), upstream.ends()),
    broken_off(
        "what the close ends, by a reset",
        response() + b"hello",
        CHUNKS[1],
        upstream.resets(),
        needs="tcp",  # a Unix socket has no resets
    ),
    *(
        broken_off(name, *CHUNKS, upstream.sends(rest))
        for name, rest in (
            ("a chunk of no size", b"zz\r\n"),
            ("a chunk of a signed size", b"+5\r\nhello\r\n0\r\n\r\n"),
            ("a chunk of a size of 65 bits", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
            ("a chunk with a bare CR", b"5\rhello\r\n0\r\n\r\n"),
            ("a chunk with too much in it", b"5\r\nhello!\r\n0\r\n\r\n"),
            ("a chunk with a NUL in its extension", b"5;\x00\r\nhello\r\n0\r\n\r\n"),
            ("a flood of extensions", (b"1;" + b"e" * 900 + b"\r\nx\r\n") * 40 + b"0\r\n\r\n"),
            ("a folded trailer", b"0\r\nA: 1\r\n b\r\n\r\n"),
            ("trailers without end", b"0\r\n" + b"A: 1\r\n" * 10000),
        )
    ),
]
