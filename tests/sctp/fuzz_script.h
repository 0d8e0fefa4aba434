/*
 * The scripts that fuzz_assoc runs: a byte of options, then steps. A step is
 * an operation with flags and its arguments, a byte each unless said:
 *
 *   | flags (4 bits) | operation (4 bits) | arguments …
 *
 * Any bytes are a script: what is missing at the end counts as zero. The
 * runner and the mutator cut it into steps by the same function.
 */
#ifndef TESTS_SCTP_FUZZ_SCRIPT_H
#define TESTS_SCTP_FUZZ_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

enum script_op {
    SCRIPT_RAW,       /* type, flags, length, that many bytes */
    SCRIPT_DATA,      /* TSN, stream, flags, message, fragment, length, fill */
    SCRIPT_INIT,      /* kind, window, streams out and in, TSN, parameters;
                         type, length and fill of each */
    SCRIPT_SACK,      /* gaps, duplicates, cumulative TSN, window (2);
                         start and length of each gap; each duplicate */
    SCRIPT_CONTROL,   /* type, length, parameter, TSN */
    SCRIPT_FORWARD,   /* streams, TSN; stream, flags and message of each */
    SCRIPT_RECONFIG,  /* type, streams, sequence, result, TSN; each stream */
    SCRIPT_DAMAGE,    /* packet, offset (2), mask, cut, to which part */
    SCRIPT_EXCHANGE,  /* all that is under way arrives */
    SCRIPT_WAIT,      /* time (2) */
    SCRIPT_SEND,      /* kind, length (2), stream */
    SCRIPT_PEER_SEND, /* the same */
    SCRIPT_READING,   /* on (variant) or off */
    SCRIPT_RESET,     /* stream */
    SCRIPT_LOSE,      /* what is under way to (or, variant, from) the peer */
    SCRIPT_TURN,      /* by flags: shutdown, abort, connect, a new path … */
    SCRIPT_OPS
};

enum script_flag {
    SCRIPT_VARIANT = 0x10,
    SCRIPT_SETTLE = 0x20, /* then the association does what is due */
    SCRIPT_HOLD = 0x40,   /* this chunk goes into a packet with the next one */
    SCRIPT_TWICE = 0x80,  /* the packet comes twice */
};

/* How many of a list an argument asks for. */
enum {
    INIT_PARAMS = 4,
    SACK_GAPS = 8,
    SACK_DUPLICATES = 4,
    FORWARD_STREAMS = 4,
    RESET_STREAMS = 6
};

/* Length of the step at p, at most len; 0 only when len is. */
size_t script_step_len(const uint8_t *p, size_t len);

#endif
