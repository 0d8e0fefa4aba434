/*
 * Why a stream ended early. With the extension `fields` an ERROR frame carries
 * the number; without it, only words.
 */
#ifndef TUNNEL_STREAM_ERROR_H
#define TUNNEL_STREAM_ERROR_H

enum stream_error {
    STREAM_UNSPECIFIED = 0,
    STREAM_CANCELLED = 1,      /* the client went away */
    STREAM_REFUSED = 2,        /* the upstream cannot be connected to */
    STREAM_TIMEOUT = 3,        /* the upstream did not answer in time */
    STREAM_BROKEN = 4,         /* the upstream broke off */
    STREAM_MALFORMED = 5,      /* the other side broke the protocol */
    STREAM_TOO_MANY = 6,       /* streams at once */
    STREAM_HEAD_TOO_LARGE = 7, /* for a frame */
    STREAM_DNS = 8,            /* the upstream's name was not found */
    STREAM_TLS = 9,            /* no TLS with the upstream */
    STREAM_NOT_ALLOWED = 10,   /* the provider does not do that */
    STREAM_INVALID = 11,       /* the upstream sent what is not HTTP */
    STREAM_UNREACHABLE = 12,   /* there is no way to the upstream */
    STREAM_ERRORS,             /* how many there are; a number from here on is taken as 0 */
    /* Never in a frame: */
    STREAM_SESSION = 0x10000, /* the session ended */
    STREAM_UNSENT = 0x10001   /* the same, and it is certain that nobody has begun on the request */
};

#endif
