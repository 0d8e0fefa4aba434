"""Requests: what goes on, and what is refused (RFC 9110, RFC 9112)."""

from row import HOST, Failure, Fields, Head, Row, breaks, client, get, got, head, passes, post
from row import refuses

CHUNKED = "Transfer-Encoding: chunked"
EXTENSION = b";x=" + b"e" * 900
TARGET_MAX = 32 << 10
HEAD_MAX = 64 << 10

TRAILERS_TAKEN = Fields("GET / HTTP/1.1", (HOST,), ("Connection: TE", "TE: trailers"))

# RFC 9110 section 7.6.1.
FIELDS_OF_ONE_HOP = [
    passes(
        "what Connection names",
        get("Connection: X-A, x-b", "X-A: 1", "X-B: 2", "X-C: 3"),
        got("X-C: 3"),
    ),
    passes(
        "what the second Connection line names",
        get("Connection: X-A", "X-A: 1", "X-B: 2", "connection: ,, X-B,", "X-C: 3"),
        got("X-C: 3"),
    ),
    passes("what Connection names before it comes", get("X-A: 1", "Connection: X-A"), got()),
    passes("all lines of it", get("X-A: 1", "X-B: 2", "x-a: 3", "Connection: X-A"), got("X-B: 2")),
    passes(
        "those that are always of one hop",
        get("Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Upgrade: h2c", "X-C: 3"),
        got("X-C: 3"),
    ),
    passes(
        "TE: trailers is for all of them",
        get("Connection: TE", "TE: trailers"),
        TRAILERS_TAKEN,
        needs="fields",
    ),
    passes(
        "of TE nothing but trailers",
        get("Connection: TE", "TE: gzip;q=0.5, trailers"),
        TRAILERS_TAKEN,
        needs="fields",
    ),
    passes("what is no list of names", get('Connection: ,;=,"x", a b', "A: 1"), got("A: 1")),
    passes("TE without trailers", get("Connection: TE", "TE: gzip"), got()),
    passes(
        "TE where no trailers travel", get("Connection: TE", "TE: trailers"), got(), lacks="fields"
    ),
    passes("Trailer is kept", get("Trailer: X-Sum"), got("Trailer: X-Sum")),
    refuses("Connection that names Host", get("Connection: Host")),
    refuses(
        "Connection that names Content-Length",
        post("Content-Length: 1", "Connection: content-length", body=b"x"),
    ),
    refuses(
        "Connection that names Authorization",
        get("Authorization: Bearer x", "Connection: close, Authorization"),
    ),
]

# RFC 9110 section 5, RFC 9112 section 5.
FIELDS = [
    passes(
        "letter case and order are kept",
        get("x-LOWER: 1", "Accept: */*", "X-Mixed-cAsE: 2", "A: 3"),
        got("x-LOWER: 1", "Accept: */*", "X-Mixed-cAsE: 2", "A: 3"),
    ),
    passes(
        "white space around values goes",
        get("A:1", "B:\t 2 \t", "C:   a  b"),
        got("A: 1", "B: 2", "C: a  b"),
    ),
    passes("an empty value", get("A:", "B: "), got("A: ", "B: ")),
    passes(
        "every byte of obs-text",
        get("A: " + bytes(range(0x80, 0x100)).decode("latin-1")),
        got("A: " + bytes(range(0x80, 0x100)).decode("latin-1")),
    ),
    passes(
        "every visible character in a value",
        get("A: " + "".join(map(chr, range(0x21, 0x7F)))),
        got("A: " + "".join(map(chr, range(0x21, 0x7F)))),
    ),
    passes(
        "every character of a token in a name",
        get("!#$%&'*+-.^_`|~09azAZ: 1"),
        got("!#$%&'*+-.^_`|~09azAZ: 1"),
    ),
    passes("a tab inside a value", get("A: 1\t2"), got("A: 1\t2")),
    passes(
        "lines of one name",
        get("A: 1", "B: 2", "A: 3"),
        got("A: 1", "B: 2", "A: 3"),
        needs="fields",
    ),
    passes(
        "lines of one name, joined",
        get("A: 1", "B: 2", "a: 3"),
        got("A: 1, 3", "B: 2"),
        lacks="fields",
    ),
    passes(
        "lines of Cookie",
        get("Cookie: a=1", "Cookie: b=2"),
        got("Cookie: a=1", "Cookie: b=2"),
        needs="fields",
    ),
    passes(
        "lines of Cookie, joined",
        get("Cookie: a=1", "Cookie: b=2"),
        got("Cookie: a=1; b=2"),
        lacks="fields",
    ),
    passes("Authorization", get("Authorization: Bearer sk-x"), got("Authorization: Bearer sk-x")),
    passes(
        "names that mean something elsewhere",
        get("Via: 1.0 x", "Forwarded: for=x", "X-Forwarded-For: y"),
        got("Via: 1.0 x", "Forwarded: for=x", "X-Forwarded-For: y"),
    ),
]

SECRET = b"Authorization: secret\r\n"
TRACE_HERE = head("TRACE /x HTTP/1.1", "Host: here", "Authorization: secret", "Max-Forwards: 0")
TRACED_HEAD = (
    rb"HTTP/1.1 200 OK\r\nContent-Type: message/http\r\nContent-Length: \d+\r\n"
    rb"Date: [^\r]+\r\n\r\n"
)

# RFC 9112 section 3.
TARGETS = [
    passes(
        f"{target}",
        head(f"GET {target} HTTP/1.1", "Host: here"),
        head(f"GET {target} HTTP/1.1", HOST),
    )
    for target in (
        "/",
        "/a/b?c=d&e",
        "/%2e%2E/%2f%00%ff?%20+%zz",
        "//a//b/../c/./d",
        "/?a?b?c=/..",
        "/;a=b,c;d",
        "/~user!$&'()*+,;=:@",
        '/"<>[]\\^`{|}',
        "/?",
        "/a%",
        "/" + "x" * (TARGET_MAX - 1),
    )
] + [
    passes(
        "absolute form, whose authority counts",
        head("GET http://there:81/a%2Fb?c HTTP/1.1", "Host: here"),
        head("GET /a%2Fb?c HTTP/1.1", HOST),
        by="proxy",
    ),
    passes(
        "absolute form without a path",
        head("GET http://there HTTP/1.1", "Host: there"),
        head("GET / HTTP/1.1", HOST),
        by="proxy",
    ),
    passes(
        "absolute form with a query only",
        head("GET HTTP://there?a=b HTTP/1.1", "Host: there"),
        head("GET /?a=b HTTP/1.1", HOST),
        by="proxy",
    ),
    passes("OPTIONS *", head("OPTIONS * HTTP/1.1", "Host: here"), head("OPTIONS * HTTP/1.1", HOST)),
    passes(
        "OPTIONS of a whole server in absolute form",
        head("OPTIONS http://there:81 HTTP/1.1", "Host: there:81"),
        head("OPTIONS * HTTP/1.1", HOST),
        by="proxy",
    ),
    passes(
        "OPTIONS of its root in absolute form",
        head("OPTIONS http://there/ HTTP/1.1", "Host: there"),
        head("OPTIONS / HTTP/1.1", HOST),
        by="proxy",
    ),
    *(
        passes(
            f"the method {method}",
            head(f"{method} /x HTTP/1.1", "Host: here", "Content-Length: 1") + b"x",
            head(f"{method} /x HTTP/1.1", HOST, "Content-Length: 1") + b"x",
        )
        for method in (
            "GET",
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "OPTIONS",
            "PROPFIND",
            "get",
            "!#$%&'*+-.^_`|~",
        )
    ),
    *(
        passes(
            f"Max-Forwards of {method}",
            head(f"{method} / HTTP/1.1", "Host: here", f"Max-Forwards: {sent}"),
            head(f"{method} / HTTP/1.1", HOST, f"Max-Forwards: {arrives}"),
            by="proxy",
        )
        for method, sent, arrives in (("OPTIONS", 1, 0), ("TRACE", 10, 9), ("GET", 0, 0))
    ),
    Row(
        "an OPTIONS that goes no further",
        client.sends(head("OPTIONS /x HTTP/1.1", "Host: here", "Max-Forwards: 0")),
        client.gets(Head(rb"HTTP/1.1 204 No Content\r\nAllow: [^\r]+\r\nDate: [^\r]+\r\n\r\n")),
        by="proxy",
    ),
    Row(
        "a TRACE that goes no further",
        client.sends(TRACE_HERE),
        client.gets(Head(TRACED_HEAD), TRACE_HERE.replace(SECRET, b"")),
        by="proxy",
    ),
    passes("an empty line behind it", get() + b"\r\n", got(), by="proxy"),
    *(
        Row(f"the end in {name}", client.sends(part), client.ends(), client.sees_end(), by="proxy")
        for name, part in (
            ("the request line", b"GET / HT"),
            ("the fields", get()[:-2]),
            ("the empty line", get()[:-1]),
        )
    ),
    passes("an empty Host", head("GET / HTTP/1.1", "Host:"), got(), by="proxy"),
    passes("a Host of IPv6", head("GET / HTTP/1.1", "Host: [2001:db8::1]:80"), got()),
    passes("an empty line before it", b"\r\n" + get(), got(), by="proxy"),
    passes("two empty lines before it", b"\r\n\r\n" + get(), got(), by="proxy"),
    passes("a later minor version", head("GET / HTTP/1.2", "Host: here"), got(), by="proxy"),
]

REFUSED_TARGETS = [
    refuses("* of another method", head("GET * HTTP/1.1", "Host: here")),
    refuses("a relative one", head("GET x HTTP/1.1", "Host: here")),
    refuses("an authority of another method", head("GET here:80 HTTP/1.1", "Host: here")),
    refuses("absolute form of another scheme", head("GET ftp://here/ HTTP/1.1", "Host: here")),
    refuses("user information", head("GET http://me:pw@here/ HTTP/1.1", "Host: here")),
    refuses("absolute form without an authority", head("GET http:///x HTTP/1.1", "Host: here")),
    refuses("a fragment", head("GET /a#b HTTP/1.1", "Host: here")),
    refuses("a byte over 0x7f", head("GET /\xff HTTP/1.1", "Host: here")),
    refuses("DEL", head("GET /\x7f HTTP/1.1", "Host: here")),
    refuses("NUL", head("GET /\x00 HTTP/1.1", "Host: here")),
    refuses("a blank", head("GET /a b HTTP/1.1", "Host: here")),
    refuses("a tab", head("GET /a\tb HTTP/1.1", "Host: here")),
    refuses("a bare CR", head("GET /a\rb HTTP/1.1", "Host: here")),
    refuses("none", head("GET  HTTP/1.1", "Host: here")),
    refuses("over 32 KiB", head("GET /" + "x" * TARGET_MAX + " HTTP/1.1", "Host: here"), 414),
    refuses("over 32 KiB, without end", b"GET /" + b"x" * (TARGET_MAX + 100), 414),
    refuses("CONNECT of a path", head("CONNECT /x HTTP/1.1", "Host: here")),
    refuses("CONNECT without a port", head("CONNECT here HTTP/1.1", "Host: here")),
]

REFUSED_LINES = [
    refuses("a method over 255 bytes", head("M" * 256 + " / HTTP/1.1", "Host: here"), 501),
    refuses("a method without end", b"M" * 256, 501),
    refuses("HTTP/2.0", head("GET / HTTP/2.0", "Host: here"), 505),
    refuses("HTTP/0.9", head("GET / HTTP/0.9", "Host: here"), 505),
    refuses("a preface like that of HTTP/2", b"PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n", 505),
    refuses("a version of two digits", head("GET / HTTP/1.10", "Host: here")),
    refuses("a version in small letters", head("GET / http/1.1", "Host: here")),
    refuses("another protocol", head("GET / ICAP/1.1", "Host: here")),
    refuses("no version", head("GET /", "Host: here")),
    refuses("a blank behind the version", head("GET / HTTP/1.1 ", "Host: here")),
    refuses("a blank before the method", head(" GET / HTTP/1.1", "Host: here")),
    refuses("two blanks before the target", head("GET  / HTTP/1.1", "Host: here")),
    refuses("two blanks behind the target", head("GET /  HTTP/1.1", "Host: here")),
    refuses("tabs instead of blanks", head("GET\t/\tHTTP/1.1", "Host: here")),
    refuses("a method that is no token", head("G(T / HTTP/1.1", "Host: here")),
    refuses("a method with a NUL", head("GE\x00T / HTTP/1.1", "Host: here")),
    refuses("a bare LF behind it", b"GET / HTTP/1.1\nHost: here\r\n\r\n"),
    refuses("a bare CR behind it", b"GET / HTTP/1.1\rHost: here\r\n\r\n"),
    refuses("two CRs behind it", b"GET / HTTP/1.1\r\r\nHost: here\r\n\r\n"),
    refuses("a bare LF before it", b"\nGET / HTTP/1.1\r\nHost: here\r\n\r\n"),
    refuses("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)),
]

# RFC 9112 section 3.2.
REFUSED_HOSTS = [
    refuses("none", head("GET / HTTP/1.1", "X: 1")),
    refuses("two", get("Host: here")),
    refuses("two that differ", get("host: there")),
    refuses("two in HTTP/1.0", head("GET / HTTP/1.0", "Host: a", "Host: b")),
    refuses("two in one line", head("GET / HTTP/1.1", "Host: a, b")),
    refuses("a blank inside", head("GET / HTTP/1.1", "Host: a b")),
    refuses("a path in it", head("GET / HTTP/1.1", "Host: a/b")),
    refuses("user information in it", head("GET / HTTP/1.1", "Host: me@a")),
]

REFUSED_FIELDS = [
    refuses("a blank before the colon", get("A : 1")),
    refuses("a tab before the colon", get("A\t: 1")),
    refuses("a blank before Content-Length's colon", post("Content-Length : 1", body=b"x")),
    refuses(
        "a blank before Transfer-Encoding's colon",
        post("Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    ),
    refuses("a name with a blank", get("A B: 1")),
    refuses("no name", get(": 1")),
    refuses("no colon", get("A")),
    refuses("a folded line", get("A: 1", " 2")),
    refuses("a line folded by a tab", get("A: 1", "\t2")),
    refuses("a blank before the first field", head("GET / HTTP/1.1", " Host: here", "Host: here")),
    refuses("a bare LF behind a field", b"GET / HTTP/1.1\r\nHost: here\nA: 1\r\n\r\n"),
    refuses("a bare LF as the empty line", b"GET / HTTP/1.1\r\nHost: here\r\n\n"),
    refuses("a bare CR in a value", get("A: 1\rB: 2")),
    refuses("a CR at a value's end", get("A: 1\r")),
    *(
        refuses(f"0x{code:02x} in a value", get(f"A: 1{chr(code)}2"))
        for code in (0, 1, 8, 0x0B, 0x0C, 0x1B, 0x1F, 0x7F)
    ),
    *(
        refuses(f"0x{ord(c):02x} in a name", get(f"A{c}B: 1"))
        for c in '\x00\x01\x7f\x80\xff"(),/;<=>?@[\\]{}'
    ),
]

# RFC 9112 section 6.
REFUSED_LENGTHS = [
    *(
        refuses(f"Content-Length: {value!r}", post(f"Content-Length: {value}", body=b"xx"))
        for value in (
            "",
            "-1",
            "+1",
            "1.0",
            "0x1",
            "1 2",
            "1,1",
            "1, 2",
            ",1",
            "1;",
            "١",
            "9223372036854775808",
            "18446744073709551617",
            "1e1",
        )
        if value.isascii()
    ),
    refuses("two that are equal", post("Content-Length: 1", "Content-Length: 1", body=b"x")),
    refuses("two that differ", post("Content-Length: 1", "Content-Length: 2", body=b"xx")),
    refuses("two in different letters", post("Content-Length: 1", "content-length: 1", body=b"x")),
    refuses("with Transfer-Encoding", post("Content-Length: 5", CHUNKED, body=b"0\r\n\r\n")),
    refuses("behind Transfer-Encoding", post(CHUNKED, "Content-Length: 5", body=b"0\r\n\r\n")),
    refuses(
        "of CONNECT", head("CONNECT here:80 HTTP/1.1", "Host: here:80", "Content-Length: 1") + b"x"
    ),
]

REFUSED_CODINGS = [
    refuses("gzip, chunked", post("Transfer-Encoding: gzip, chunked"), 501),
    refuses("gzip and chunked in two lines", post("Transfer-Encoding: gzip", CHUNKED), 501),
    refuses("gzip alone", post("Transfer-Encoding: gzip"), 501),
    refuses("identity", post("Transfer-Encoding: identity"), 501),
    refuses("xchunked", post("Transfer-Encoding: xchunked"), 501),
    refuses("chunked that is not the last", post("Transfer-Encoding: chunked, gzip")),
    refuses("chunked twice", post("Transfer-Encoding: chunked, chunked")),
    refuses("chunked in two lines", post(CHUNKED, CHUNKED)),
    refuses("chunked with a parameter", post("Transfer-Encoding: chunked;a=b")),
    refuses("chunked in quotes", post('Transfer-Encoding: "chunked"')),
    refuses("chunked behind a vertical tab", post("Transfer-Encoding: \x0bchunked")),
    refuses("none at all", post("Transfer-Encoding:")),
    refuses("in HTTP/1.0", head("POST / HTTP/1.0", "Host: here", CHUNKED) + b"0\r\n\r\n"),
]

REFUSED_SIZES = [
    passes(
        "200 fields",
        get(*("A: 1" for _ in range(199))),
        got(*("A: 1" for _ in range(199))),
        needs="fields",
    ),
    passes(
        "a head of nearly 64 KiB",
        get("A: " + "x" * (HEAD_MAX - 600)),
        got("A: " + "x" * (HEAD_MAX - 600)),
    ),
    refuses("201 fields", get(*("A: 1" for _ in range(200))), 431),
    refuses("a head over 64 KiB", get("A: " + "x" * HEAD_MAX), 431),
    Row(
        "a head that is too large when it is written as JSON",
        client.sends(get("A: " + '"' * 40000)),
        client.gets(Failure(431, "http_request_error")),
        lacks="fields",
        by="proxy",
    ),
    refuses("empty lines without end", b"\r\n" * 4 * HEAD_MAX, 431),
    refuses("a head without end", get()[:-2] + b"A: " + b"x" * (4 * HEAD_MAX), 431),
    refuses("fields without end", get()[:-2] + b"A: 1\r\n" * 20000, 431),
]

# RFC 9112 section 7.
REFUSED_CHUNKS = [
    breaks(name, post(CHUNKED, body=body))
    for name, body in (
        ("a signed size", b"+1\r\nx\r\n0\r\n\r\n"),
        ("a negative size", b"-1\r\nx\r\n0\r\n\r\n"),
        ("a size of 0x1", b"0x1\r\nx\r\n0\r\n\r\n"),
        ("a size that is no number", b"g\r\nx\r\n0\r\n\r\n"),
        ("no size", b"\r\nx\r\n0\r\n\r\n"),
        ("no size but an extension", b";a\r\nx\r\n0\r\n\r\n"),
        ("a blank before the size", b" 1\r\nx\r\n0\r\n\r\n"),
        ("a blank behind the size", b"1 \r\nx\r\n0\r\n\r\n"),
        ("a size of 65 bits", b"10000000000000001\r\nx\r\n0\r\n\r\n"),
        ("a size of 64 bits", b"ffffffffffffffff\r\nx\r\n0\r\n\r\n"),
        ("a size of 2^63", b"8000000000000000\r\nx\r\n0\r\n\r\n"),
        ("a bare LF behind the size", b"1\nx\r\n0\r\n\r\n"),
        ("a bare CR behind the size", b"1\rx\r\n0\r\n\r\n"),
        ("a bare LF in an extension", b"1;a\nx\r\n0\r\n\r\n"),
        ("a bare CR in an extension", b"1;a\rb\r\nx\r\n0\r\n\r\n"),
        ("a NUL in an extension", b"1;\x00\r\nx\r\n0\r\n\r\n"),
        ("a bare LF behind the content", b"1\r\nx\n0\r\n\r\n"),
        ("no CRLF behind the content", b"1\r\nxx\r\n0\r\n\r\n"),
        ("more content than the size", b"1\r\nxyz\r\n0\r\n\r\n"),
        ("a long extension", b"1;" + b"e" * 2000 + b"\r\nx\r\n0\r\n\r\n"),
        (
            "a flood of extensions",
            b"".join(b"1" + EXTENSION + b"\r\nx\r\n" for _ in range(40)) + b"0\r\n\r\n",
        ),
        (
            "a flood of leading zeros",
            b"".join(b"0" * 900 + b"1\r\nx\r\n" for _ in range(40)) + b"0\r\n\r\n",
        ),
        ("a trailer that is folded", b"0\r\nA: 1\r\n b\r\n\r\n"),
        ("a trailer without a colon", b"0\r\nA\r\n\r\n"),
        ("a trailer with a bare LF", b"0\r\nA: 1\n\r\n"),
        ("a trailer with a NUL", b"0\r\nA: \x00\r\n\r\n"),
        ("trailers without end", b"0\r\n" + b"A: 1\r\n" * 10000),
    )
]
