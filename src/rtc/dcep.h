/*
 * Data Channel Establishment Protocol (RFC 8832): OPEN and ACK.
 */
#ifndef RTC_DCEP_H
#define RTC_DCEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"

/* SCTP payload protocol identifiers (RFC 8831 section 8). */
enum {
    PPID_DCEP = 50,
    PPID_STRING = 51,
    PPID_BINARY = 53,
    PPID_STRING_EMPTY = 56,
    PPID_BINARY_EMPTY = 57
};

enum { DCEP_OPEN_HEADER_LEN = 12, DCEP_LABEL_MAX = 256 };

struct dcep_open {
    uint8_t channel_type; /* 0x00 reliable; 0x80 set: unordered */
    uint16_t priority;
    uint32_t reliability;
    struct span label;
    struct span protocol;
};

/* > 0: its length; -EINVAL: no OPEN, or malformed. Spans point into in. */
ssize_t dcep_open_decode(struct span in, struct dcep_open *out);

/* Returns the length, or -ENOBUFS. */
ssize_t dcep_open_encode(const struct dcep_open *open, uint8_t *out, size_t room);

/* For tests. */
bool dcep_is_ack(struct span in);
bool dcep_is_open(struct span in);

enum { DCEP_ACK = 0x02 }; /* the whole message */

#endif
