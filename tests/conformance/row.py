"""What a row of the tables is: steps at either end of the tunnel, in order.

    Row("a name",
        client.sends(head("GET / HTTP/1.1", "Host: here")),
        upstream.gets(head("GET / HTTP/1.1", HOST)),
        upstream.sends(OK),
        client.gets(OK))

What arrives is given in parts: bytes, which must come as they are, or one of
the classes here, for what may vary. A row ends with both ends at rest: nothing
that no step has named may have come, at either of them.
"""

import dataclasses
import json
import re

UPSTREAM = b"{upstream}"  # in bytes at the upstream: its authority
HOST = "Host: {upstream}"
DATE = "Date: Fri, 01 Jan 2021 00:00:00 GMT"  # one that is there is kept


def head(*lines):
    """The lines of a head, each as ISO-8859-1, and the empty one."""
    return "".join(line + "\r\n" for line in (*lines, "")).encode("latin-1")


def get(*fields):
    return head("GET / HTTP/1.1", "Host: here", *fields)


def got(*fields):
    """What becomes of get() at the upstream."""
    return head("GET / HTTP/1.1", HOST, *fields)


def post(*fields, body=b""):
    return head("POST / HTTP/1.1", "Host: here", *fields) + body


def posted(*fields):
    return head("POST / HTTP/1.1", HOST, *fields)


OK = head("HTTP/1.1 200 OK", DATE, "Content-Length: 2") + b"ok"


class Mismatch(Exception):
    pass


# --- what may vary -----------------------------------------------------------


@dataclasses.dataclass
class Chunks:
    """A chunked body: how it is cut into chunks is the sender's business."""

    content: bytes = b""
    trailers: tuple = ()

    def take(self, stream):
        content = b""
        while True:
            line = stream.line()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,16}\r\n", line):
                raise Mismatch("that is no chunk's size")
            size = int(line, 16)
            if size == 0:
                break
            content += stream.bytes(size)
            stream.exactly(b"\r\n")
            if not self.content.startswith(content):
                raise Mismatch("the content differs")
        if content != self.content:
            raise Mismatch("the content ended too early")
        stream.exactly(head(*self.trailers))


@dataclasses.dataclass
class ChunksBegin:
    """The same, of which the end is still to come."""

    content: bytes

    def take(self, stream):
        content = b""
        while len(content) < len(self.content):
            size = int(stream.line(), 16)
            content += stream.bytes(size)
            stream.exactly(b"\r\n")
        if content != self.content:
            raise Mismatch("the content differs")


@dataclasses.dataclass
class Head:
    """A head that matches an expression."""

    expression: bytes

    def take(self, stream):
        if not re.fullmatch(self.expression, stream.head()):
            raise Mismatch("the head does not match")


def take_own_answer(stream, status, has_body=True):
    """An answer that the tunnel gives itself: its fields and its text."""
    first, *lines = stream.head().decode("latin-1").split("\r\n")[:-2]
    if not first.startswith(f"HTTP/1.1 {status} "):
        raise Mismatch(f"the status is not {status}")
    fields = {}
    for line in lines:
        name, _, value = line.partition(": ")
        fields[name.lower()] = value
    return fields, stream.bytes(int(fields["content-length"]) if has_body else 0)


@dataclasses.dataclass
class Fields:
    """A head with the fields of a hop, which its sender may put anywhere."""

    first: str
    fields: tuple
    of_hop: tuple

    def take(self, stream):
        lines = stream.head().decode("latin-1").split("\r\n")[:-2]
        own = sorted(line for line in lines if line in self.of_hop)
        wanted = [self.first, *(f.replace(HOST, stream.host) for f in self.fields)]
        if own != sorted(self.of_hop) or [line for line in lines if line not in own] != wanted:
            raise Mismatch("the head differs")


@dataclasses.dataclass
class LastHead:
    """A head behind which our proxy closes its connection, and says so."""

    lines: tuple

    def take(self, stream):
        stream.exactly(head(*self.lines, *(["Connection: close"] if stream.is_ours else [])))


@dataclasses.dataclass
class Refusal:
    """The proxy does not take the request, and closes: it cannot tell where
    the next one would begin."""

    status: int

    def take(self, stream):
        fields, _ = take_own_answer(stream, self.status)
        if fields.get("connection") != "close":
            raise Mismatch("there is no 'Connection: close'")
        stream.sees_end()


@dataclasses.dataclass
class Failure:
    """There is no response: an answer in OpenAI's shape, or in plain text,
    that names the error of RFC 9209 where that is known."""

    status: int
    error: str
    is_json: bool = True
    has_body: bool = True

    def take(self, stream):
        fields, text = take_own_answer(stream, self.status, self.has_body)
        if not stream.is_ours:
            return
        why = fields.get("proxy-status", "")
        wanted = f"; error={self.error}"
        if not stream.names_errors:
            wanted = f"({wanted})?"  # it could not be told to the proxy
        if not re.fullmatch(rf'tunnel{wanted}; details=".+"', why):
            raise Mismatch(f"Proxy-Status names not {self.error}: {why}")
        if not self.has_body:
            return
        if not self.is_json:
            if fields["content-type"] != "text/plain; charset=utf-8" or text[:1] == b"{":
                raise Mismatch("that is no plain text")
            return
        error = json.loads(text)["error"]
        if fields["content-type"] != "application/json" or not error["message"]:
            raise Mismatch("that is no error in OpenAI's shape")


# --- steps and rows ----------------------------------------------------------


@dataclasses.dataclass
class Step:
    side: str
    verb: str
    arguments: tuple


class Side:
    """Where a step happens; the verbs are methods of wire.Stream."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, verb):
        return lambda *arguments: Step(self.name, verb, arguments)


client = Side("client")
upstream = Side("upstream")


class Row:
    """needs and lacks name extensions that must be there, or must not; "tcp" is
    one for an upstream that is no Unix socket, "arrays" for a peer that sends
    lines of one name so. What is by "proxy" or "serve" is
    a matter of that program alone."""

    def __init__(self, name, *steps, needs="", lacks="", by=""):
        self.name = name
        self.steps = steps
        self.needs = set(needs.split())
        self.lacks = set(lacks.split())
        self.by = by

    def fits(self, extensions, ours):
        """Whether it holds with these extensions, where these programs are
        ours."""
        has_all = self.needs <= extensions and not self.lacks & extensions
        return has_all and (not self.by or self.by in ours)


def parts(value):
    return value if isinstance(value, tuple) else (value,)


def passes(name, sent, arrives, answers=OK, comes=None, **when):
    """A request that goes on as `arrives`; its response `answers`, which comes
    as it is, or as `comes`."""
    return Row(
        name,
        client.sends(sent),
        upstream.gets(*parts(arrives)),
        upstream.sends(answers),
        client.gets(*parts(answers if comes is None else comes)),
        **when,
    )


def answers(name, response, comes=None, **when):
    """A response to GET that comes as it is, or as `comes`."""
    return passes(name, get(), got(), response, comes, **when)


def refuses(name, sent, status=400):
    """A request of which nothing reaches the upstream."""
    return Row(name, client.sends(sent), client.gets(Refusal(status)), by="proxy")


def breaks(name, sent, status=400):
    """The same, of what is found when the head has gone on: the upstream sees
    no request that is whole."""
    return Row(
        name,
        client.sends(sent),
        client.gets(Refusal(status)),
        upstream.may_see_a_part(),
        by="proxy",
    )


def spoils(name, response, error="http_protocol_error"):
    """A response of which nothing reaches the client."""
    return Row(
        name,
        client.sends(get()),
        upstream.gets(got()),
        upstream.sends(response),
        client.gets(Failure(502, error)),
        upstream.sees_close(),
        by="serve",
    )
