"""What each exchange of a run is like: drawn from the run's seed and the
exchange's number, so that its two ends know it without telling each other."""

import random

SIZE_MAX = 1 << 20
# Between the starts of two bodies; odd, so that no body looks like another.
STRIDE = 104729
BYTES = random.Random(2).randbytes(3 * SIZE_MAX)

# How each end behaves, with its weight: where all that can go wrong does, and
# in a week of use.
CLIENT = {
    "chaos": {
        "plain": 66,
        "slow": 10,  # reads a little at a time
        "half-close": 6,  # shuts down its direction behind the request
        "abort": 10,  # resets in the middle of the response
        "abort-request": 8,  # resets in the middle of the request
    },
    "week": {
        "plain": 60,
        "last": 20,  # asks for the end of its connection
        "websocket": 5,  # has each of some messages sent back
        "slow": 3,
        "half-close": 2,
        "abort": 6,
        "abort-request": 4,
    },
}
UPSTREAM = {
    "chaos": {
        "plain": 66,
        "paced": 10,  # pauses between the parts of its response
        "early": 6,  # answers before it has read the request
        "long": 3,  # sends more than its Content-Length
        "short": 4,  # closes before the end of its response
        "reset": 4,  # resets before the end of its response
        "reset-head": 3,  # resets before its response
        "silent": 2,  # closes without a response
        "garbage": 2,  # answers with what is no HTTP
    },
    "week": {
        "plain": 70,
        "events": 20,  # an answer of a language model, token by token
        "paced": 2,
        "early": 2,
        "long": 1,
        "short": 2,
        "reset": 1,
        "reset-head": 1,
        "silent": 0.5,
        "garbage": 0.5,
    },
}
# What the client may get to see. "whole" is the response, byte for byte,
# "broken" a part of it that visibly is no more, "refused" a 502.
WHOLE, BROKEN, REFUSED = {"whole"}, {"broken", "refused"}, {"refused"}
OUTCOMES = {
    "plain": WHOLE,
    "paced": WHOLE,
    "early": WHOLE,
    "long": WHOLE,
    "events": WHOLE,
    "websocket": WHOLE,
    "short": BROKEN,
    "reset": BROKEN,
    "reset-head": REFUSED,
    "silent": REFUSED,
    "garbage": REFUSED,
}


def draw(rng, weights):
    return rng.choices(list(weights), list(weights.values()))[0]


def draw_size(rng, mix):
    """As many of a few bytes as of hundreds of kilobytes, and some of none; in
    a week those above 8 KB are few."""
    most = SIZE_MAX if mix == "chaos" or rng.random() < 0.02 else 8 << 10
    return 0 if rng.random() < 0.1 else int(2 ** rng.uniform(0, most.bit_length() - 1))


def frame(opcode, payload, is_masked):
    """Of RFC 6455, section 5.2."""
    mask_bit, mask = (128, bytes(4)) if is_masked else (0, b"")
    size = len(payload)
    length, extended = (size, b"") if size < 126 else (126, size.to_bytes(2, "big"))
    return bytes([128 | opcode, mask_bit | length]) + extended + mask + bytes(payload)


class Plan:
    def __init__(self, seed, number, mix="chaos"):
        rng = random.Random(f"{seed}/{number}")
        self.number = number
        self.has_body = rng.random() < 0.5
        self.request_size = draw_size(rng, mix) if self.has_body else 0
        self.is_request_chunked = rng.random() < 0.5
        self.response_size = draw_size(rng, mix)
        self.framing = rng.choice(["length", "length", "chunked", "chunked", "close"])
        self.client = draw(rng, CLIENT[mix])
        self.upstream = draw(rng, UPSTREAM[mix])
        self.cut = rng.random()  # the part of the body that is sent before a fault
        self.pause = rng.uniform(0, 0.05)  # s, wherever somebody is slow
        # In a week processes are killed. A request may end by that; where it
        # can be repeated, it may come again.
        self.may_break = mix == "week"
        if self.client == "websocket":
            self.upstream = "websocket"
            self.has_body, self.request_size = False, 0
            self.messages = [rng.randrange(1, 2000) for _ in range(rng.randrange(1, 6))]
        if self.upstream == "events":
            self.framing = "chunked"
            self.response_size = sum(map(len, self.events))
        if self.upstream == "long":
            # One read shows all of it, so that the rest cannot be mistaken for
            # the response to another request.
            self.framing = "length"
            self.response_size = min(self.response_size, 8192)
        if self.upstream in ("short", "reset"):
            self.response_size = max(self.response_size, 1)
        if self.upstream == "short" and self.framing == "close":
            self.framing = "chunked"  # nothing tells where it should have ended

    def __str__(self):
        facts = vars(self).items()
        return "plan: " + ", ".join(f"{name} {value}" for name, value in facts)

    @property
    def outcomes(self):
        return OUTCOMES[self.upstream]

    @property
    def request_body(self):
        return self._bytes(2 * self.number, self.request_size)

    @property
    def response_body(self):
        if self.upstream == "events":
            return memoryview(b"".join(self.events))
        return self._bytes(2 * self.number + 1, self.response_size)

    @property
    def events(self):
        """Of some dozens of tokens."""
        tokens = [b'{"choices": [{"delta": {"content": "%d "}}]}' % (self.number + i)
                  for i in range(1 + self.number % 40)]
        return [b"data: %s\n\n" % token for token in [*tokens, b"[DONE]"]]

    @property
    def frames(self):
        """Of a WebSocket: each message masked with zeros, and as it comes back."""
        for which, size in enumerate(self.messages):
            message = self._bytes(which, size)
            yield frame(2, message, True), frame(2, message, False)
        yield frame(8, b"\x03\xe8", True), frame(8, b"\x03\xe8", False)

    @property
    def request_cut(self):
        return int(self.cut * self.request_size)

    @property
    def response_cut(self):
        """How much of the response precedes a fault; never all of it."""
        return int(self.cut * self.response_size)

    @staticmethod
    def _bytes(which, size):
        start = which * STRIDE % (len(BYTES) - SIZE_MAX)
        return memoryview(BYTES)[start : start + size]
