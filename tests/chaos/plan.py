"""What each exchange of a run is like: drawn from the run's seed and the
exchange's number, so that its two ends know it without telling each other."""

import random

SIZE_MAX = 1 << 20
# Between the starts of two bodies; odd, so that no body looks like another.
STRIDE = 104729
BYTES = random.Random(2).randbytes(3 * SIZE_MAX)

# How each end behaves, with its weight.
CLIENT = {
    "plain": 66,
    "slow": 10,  # reads a little at a time
    "half-close": 6,  # shuts down its direction behind the request
    "abort": 10,  # resets in the middle of the response
    "abort-request": 8,  # resets in the middle of the request
}
UPSTREAM = {
    "plain": 66,
    "paced": 10,  # pauses between the parts of its response
    "early": 6,  # answers before it has read the request
    "long": 3,  # sends more than its Content-Length
    "short": 4,  # closes before the end of its response
    "reset": 4,  # resets before the end of its response
    "reset-head": 3,  # resets before its response
    "silent": 2,  # closes without a response
    "garbage": 2,  # answers with what is no HTTP
}
# What the client may get to see. "whole" is the response, byte for byte,
# "broken" a part of it that visibly is no more, "refused" a 502.
WHOLE, BROKEN, REFUSED = {"whole"}, {"broken", "refused"}, {"refused"}
OUTCOMES = {
    "plain": WHOLE,
    "paced": WHOLE,
    "early": WHOLE,
    "long": WHOLE,
    "short": BROKEN,
    "reset": BROKEN,
    "reset-head": REFUSED,
    "silent": REFUSED,
    "garbage": REFUSED,
}


def draw(rng, weights):
    return rng.choices(list(weights), list(weights.values()))[0]


def draw_size(rng):
    """As many of a few bytes as of hundreds of kilobytes, and some of none."""
    return 0 if rng.random() < 0.1 else int(2 ** rng.uniform(0, SIZE_MAX.bit_length() - 1))


class Plan:
    def __init__(self, seed, number):
        rng = random.Random(f"{seed}/{number}")
        self.number = number
        self.has_body = rng.random() < 0.5
        self.request_size = draw_size(rng) if self.has_body else 0
        self.is_request_chunked = rng.random() < 0.5
        self.response_size = draw_size(rng)
        self.framing = rng.choice(["length", "length", "chunked", "chunked", "close"])
        self.client = draw(rng, CLIENT)
        self.upstream = draw(rng, UPSTREAM)
        self.cut = rng.random()  # the part of the body that is sent before a fault
        self.pause = rng.uniform(0, 0.05)  # s, wherever somebody is slow
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
        return self._bytes(2 * self.number + 1, self.response_size)

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
