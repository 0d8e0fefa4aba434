"""What the command line says about fields: --preserve-host, --header, --forwarded
(RFC 9110 section 7.6.3, RFC 7239)."""

from row import DATE, HOST, head, passes

OF_SERVE = ("--forwarded", "--preserve-host", "--header", "X-Set: of serve", "--header", "x-gone:")
OF_PROXY = ("--forwarded",)


def forwarded(host="here"):
    return (
        f'Forwarded: for=127.0.0.1;host="{host}";proto=http',
        "X-Forwarded-For: 127.0.0.1",
        "Via: 1.1 tunnel",
        f"X-Forwarded-Host: {host}",
        "X-Forwarded-Proto: http",
    )


SET = "X-Set: of serve"
PROBED = ("Host: here", *forwarded(), SET)

BEFORE = (
    "Forwarded: for=x",
    "X-Forwarded-For: x, y",
    "X-Forwarded-Host: z",
    "X-Forwarded-Proto: https",
    "Via: 2 w",
)
BEHIND = (
    'Forwarded: for=x, for=127.0.0.1;host="here";proto=http',
    "X-Forwarded-For: x, y, 127.0.0.1",
    "X-Forwarded-Host: z",
    "X-Forwarded-Proto: https",
    "Via: 2 w, 1.1 tunnel",
)

OTHERS = tuple(field for field in forwarded() if not field.startswith("Via"))

AT_BOTH_ENDS = [
    passes(
        "all of them",
        head("GET / HTTP/1.1", "A: 1", "Host: here", "B: 2"),
        head("GET / HTTP/1.1", "A: 1", "Host: here", "B: 2", *forwarded(), SET),
    ),
    passes(
        "a port in Host",
        head("GET / HTTP/1.1", "Host: here:81"),
        head("GET / HTTP/1.1", "Host: here:81", *forwarded("here:81"), SET),
    ),
    passes(
        "absolute form beats Host",
        head("GET http://there:81/x HTTP/1.1", "Host: here"),
        head("GET /x HTTP/1.1", "Host: there:81", *forwarded("there:81"), SET),
    ),
    passes(
        "a field that is set stands where the client's stood",
        head("GET / HTTP/1.1", "Host: here", "x-set: 1", "A: 1", "X-Set: 2"),
        head("GET / HTTP/1.1", "Host: here", SET, "A: 1", *forwarded()),
    ),
    passes(
        "a field that is removed",
        head("GET / HTTP/1.1", "Host: here", "X-Gone: 1", "A: 1", "X-GONE: 2"),
        head("GET / HTTP/1.1", "Host: here", "A: 1", *forwarded(), SET),
    ),
    passes(
        "behind what came already",
        head("GET / HTTP/1.1", "Host: here", *BEFORE),
        head("GET / HTTP/1.1", "Host: here", *BEHIND, SET),
    ),
    passes(
        "a client that claims to have been forwarded",
        head("GET / HTTP/1.1", "Host: here", "Via: 1.1 tunnel"),
        head("GET / HTTP/1.1", "Host: here", "Via: 1.1 tunnel, 1.1 tunnel", *OTHERS, SET),
    ),
    passes(
        "a redirect to the name that the client used",
        head("GET / HTTP/1.1", "Host: here:81"),
        head("GET / HTTP/1.1", "Host: here:81", *forwarded("here:81"), SET),
        head("HTTP/1.1 201 Created", DATE, "Location: http://here:81/a", "Content-Length: 0"),
        head("HTTP/1.1 201 Created", DATE, "Location: /a", "Content-Length: 0"),
    ),
]

OF_SERVE_ALONE = ("--forwarded",)
UNKNOWN = (
    'Forwarded: for=unknown;host="here";proto=http',
    "X-Forwarded-For: unknown",
    "Via: 1.1 tunnel",
    "X-Forwarded-Host: here",
    "X-Forwarded-Proto: http",
)

AT_SERVE = [
    passes(
        "serve does not know the client's address",
        head("GET / HTTP/1.1", "Host: here"),
        head("GET / HTTP/1.1", HOST, *UNKNOWN),
    ),
]
