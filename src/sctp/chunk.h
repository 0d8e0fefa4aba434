/*
 * The wire format: packets, chunks and parameters (RFC 9260 section 3).
 *
 *    0                   1                   2                   3
 *   +-------------------------------+-------------------------------+
 *   |         source port           |       destination port        |
 *   +-------------------------------+-------------------------------+
 *   |                       verification tag                        |
 *   +---------------------------------------------------------------+
 *   |                    checksum (little-endian)                   |
 *   +---------------+---------------+-------------------------------+
 *   |     type      |     flags     |  length, without the padding  |  chunk,
 *   +---------------+---------------+-------------------------------+  repeated
 *   |                  value, padded to 4 bytes                     |
 *   +---------------------------------------------------------------+
 *
 * A parameter, and the cause in an ERROR or ABORT, is the same with a 16-bit
 * type in place of type and flags.
 */
#ifndef SCTP_CHUNK_H
#define SCTP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
    SCTP_HEADER_LEN = 12,
    CHUNK_HEADER_LEN = 4,
    PARAM_HEADER_LEN = 4,
    DATA_HEADER_LEN = 16,  /* chunk header included, as below */
    IDATA_HEADER_LEN = 20, /* RFC 8260 section 2.1 */
    INIT_HEADER_LEN = 20,
    SACK_HEADER_LEN = 16,
};

enum chunk_type {
    CHUNK_DATA = 0,
    CHUNK_INIT = 1,
    CHUNK_INIT_ACK = 2,
    CHUNK_SACK = 3,
    CHUNK_HEARTBEAT = 4,
    CHUNK_HEARTBEAT_ACK = 5,
    CHUNK_ABORT = 6,
    CHUNK_SHUTDOWN = 7,
    CHUNK_SHUTDOWN_ACK = 8,
    CHUNK_ERROR = 9,
    CHUNK_COOKIE_ECHO = 10,
    CHUNK_COOKIE_ACK = 11,
    CHUNK_SHUTDOWN_COMPLETE = 14,
    CHUNK_IDATA = 0x40,         /* RFC 8260 */
    CHUNK_RECONFIG = 0x82,      /* RFC 6525 */
    CHUNK_PAD = 0x84,           /* RFC 4820 */
    CHUNK_FORWARD_TSN = 0xC0,   /* RFC 3758 */
    CHUNK_I_FORWARD_TSN = 0xC2, /* RFC 8260 */
};

/* Flags of DATA and I-DATA; of ABORT and SHUTDOWN COMPLETE. */
enum {
    DATA_END = 0x01,
    DATA_BEGIN = 0x02,
    DATA_UNORDERED = 0x04,
    DATA_IMMEDIATE = 0x08, /* RFC 7053: acknowledge at once */
    FLAG_T = 0x01,         /* the tag is the receiver's own, reflected */
};

enum param_type {
    PARAM_HEARTBEAT_INFO = 1,
    PARAM_STATE_COOKIE = 7,
    PARAM_UNRECOGNIZED = 8,
    PARAM_OUTGOING_RESET = 13, /* RFC 6525 section 4 */
    PARAM_INCOMING_RESET = 14,
    PARAM_TSN_RESET = 15,
    PARAM_RECONFIG_RESPONSE = 16,
    PARAM_ADD_OUTGOING = 17,
    PARAM_ADD_INCOMING = 18,
    PARAM_ZERO_CHECKSUM = 0x8001, /* RFC 9653 */
    PARAM_SUPPORTED_EXTENSIONS = 0x8008,
    PARAM_FORWARD_TSN = 0xC000,
};

enum error_cause {
    CAUSE_INVALID_STREAM = 1,
    CAUSE_MISSING_PARAM = 2,
    CAUSE_STALE_COOKIE = 3,
    CAUSE_UNRECOGNIZED_CHUNK = 6,
    CAUSE_INVALID_PARAM = 7,
    CAUSE_UNRECOGNIZED_PARAMS = 8,
    CAUSE_NO_USER_DATA = 9,
    CAUSE_USER_ABORT = 12,
    CAUSE_PROTOCOL_VIOLATION = 13,
};

/* What the two high bits of an unknown type ask for (section 3.2). */
enum { UNKNOWN_SKIP = 0x80, UNKNOWN_REPORT = 0x40 };

struct chunk {
    uint8_t type;
    uint8_t flags;
    struct span value; /* after the header, without padding */
    struct span whole; /* header and value */
};

struct param {
    uint16_t type;
    struct span value;
    struct span whole;
};

/* Decodes the chunk, or parameter, at the front of *rest. Returns 1 and moves
 * *rest past it and its padding, 0 at the end, -EBADMSG when a length is
 * impossible. The last one's padding may be missing. */
int chunk_next(struct span *rest, struct chunk *out);
int param_next(struct span *rest, struct param *out);

struct chunk_data {
    uint32_t tsn;
    uint16_t stream;
    uint8_t flags;
    bool interleaved; /* I-DATA */
    uint32_t mid;     /* message id; of DATA the 16-bit sequence number */
    uint32_t fsn;     /* fragment number; of DATA 0 */
    uint32_t ppid;    /* only in a first fragment when interleaved */
    struct span payload;
};

/* DATA or I-DATA. -EBADMSG when too short; the payload may be empty. */
int chunk_data_decode(const struct chunk *c, struct chunk_data *out);

/* Writes the header of a chunk whose payload follows; returns its length. */
size_t chunk_data_encode(uint8_t *p, const struct chunk_data *d);

struct chunk_init {
    uint32_t tag;
    uint32_t window;
    uint16_t out_streams;
    uint16_t in_streams;
    uint32_t first_tsn;
    struct span params;
};

/* INIT or INIT ACK, without the checks of the fields' values. */
int chunk_init_decode(const struct chunk *c, struct chunk_init *out);

struct chunk_sack {
    uint32_t cum_tsn;
    uint32_t window;
    uint16_t gaps;       /* how many blocks */
    uint16_t duplicates; /* how many TSNs */
    const uint8_t *gap_bytes;
    const uint8_t *duplicate_bytes;
};

int chunk_sack_decode(const struct chunk *c, struct chunk_sack *out);

/* Length with padding. */
static inline size_t pad4(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

/* Writes the 4-byte header of a chunk or of a parameter or cause. */
void chunk_put_header(uint8_t *p, uint8_t type, uint8_t flags, size_t len);
void param_put_header(uint8_t *p, uint16_t type, size_t len);

/* The nearest number to `near` that has these low 32 bits. TSNs are counted
 * in 64 bits inside so that they never wrap; a peer's cannot move further
 * than half the range at a time. */
static inline uint64_t serial_extend(uint64_t near, uint32_t low)
{
    return near + (uint64_t)(int64_t)(int32_t)(low - (uint32_t)near);
}

#endif
