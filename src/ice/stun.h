/*
 * STUN messages (RFC 8489): reading and writing, without secrets; those are
 * in ice/stun_auth.h. Nothing here allocates.
 *
 *   0                   1                   2                   3
 *   +-+-+-----------------------+-------------------------------+
 *   |0|0|  type: class, method  |  length of all attributes     |
 *   +-+-+-----------------------+-------------------------------+
 *   |                  magic cookie 0x2112A442                  |
 *   +-----------------------------------------------------------+
 *   |                  transaction id, 96 bits                  |
 *   +-----------------------------------------------------------+
 *   |  attribute type           |  value length (unpadded)      |
 *   |  value, padded to 4 bytes …                               |
 */
#ifndef ICE_STUN_H
#define ICE_STUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "ice/address.h"
#include "ice/limits.h"

#define STUN_COOKIE UINT32_C(0x2112A442)
enum { STUN_HEADER_LEN = 20, STUN_ID_LEN = 12 };

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

enum stun_method {
    STUN_BINDING = 0x001,
    STUN_ALLOCATE = 0x003, /* these of TURN, RFC 8656 section 17 */
    STUN_REFRESH = 0x004,
    STUN_SEND = 0x006,
    STUN_DATA = 0x007,
    STUN_CREATE_PERMISSION = 0x008,
    STUN_CHANNEL_BIND = 0x009,
};

enum stun_attribute {
    STUN_MAPPED_ADDRESS = 0x0001,
    STUN_USERNAME = 0x0006,
    STUN_MESSAGE_INTEGRITY = 0x0008,
    STUN_ERROR_CODE = 0x0009,
    STUN_UNKNOWN_ATTRIBUTES = 0x000a,
    STUN_CHANNEL_NUMBER = 0x000c,
    STUN_LIFETIME = 0x000d,
    STUN_XOR_PEER_ADDRESS = 0x0012,
    STUN_DATA_VALUE = 0x0013,
    STUN_REALM = 0x0014,
    STUN_NONCE = 0x0015,
    STUN_XOR_RELAYED_ADDRESS = 0x0016,
    STUN_REQUESTED_ADDRESS_FAMILY = 0x0017,
    STUN_REQUESTED_TRANSPORT = 0x0019,
    STUN_MESSAGE_INTEGRITY_SHA256 = 0x001c,
    STUN_XOR_MAPPED_ADDRESS = 0x0020,
    STUN_PRIORITY = 0x0024,
    STUN_USE_CANDIDATE = 0x0025,
    /* From here on unknown ones may be ignored. */
    STUN_SOFTWARE = 0x8022,
    STUN_ALTERNATE_SERVER = 0x8023,
    STUN_FINGERPRINT = 0x8028,
    STUN_ICE_CONTROLLED = 0x8029,
    STUN_ICE_CONTROLLING = 0x802a,
    STUN_OTHER_ADDRESS = 0x802c, /* RFC 5780 section 7.4 */
};

enum stun_code {
    STUN_TRY_ALTERNATE = 300,
    STUN_BAD_REQUEST = 400,
    STUN_UNAUTHENTICATED = 401,
    STUN_FORBIDDEN = 403,
    STUN_UNKNOWN_ATTRIBUTE = 420,
    STUN_ALLOCATION_MISMATCH = 437,
    STUN_STALE_NONCE = 438,
    STUN_WRONG_CREDENTIALS = 441,
    STUN_ALLOCATION_QUOTA = 486,
    STUN_ROLE_CONFLICT = 487,
    STUN_INSUFFICIENT_CAPACITY = 508,
};

/* A message that was read: a view of its bytes. */
struct stun_message {
    struct span bytes; /* the whole message */
    enum stun_class class;
    uint16_t method;
    const uint8_t *id; /* STUN_ID_LEN bytes */
    /* Offsets in bytes, 0 when absent. What lies behind MESSAGE-INTEGRITY,
     * but for the fingerprint, is not covered by it and never found. */
    size_t integrity_at;
    size_t fingerprint_at;
    uint16_t unknown; /* the first unknown attribute that must be understood, or 0 */
};

/* Reads the message at the front of bytes. Returns its length; 0 when more
 * bytes are needed; -EINVAL when it is none: wrong cookie, a length that is
 * no multiple of 4, attributes that overrun, more than STUN_ATTRIBUTES_MAX,
 * or something behind the fingerprint. */
int stun_decode(struct span bytes, struct stun_message *out);

/* The first attribute of that type: false when absent. */
bool stun_find(const struct stun_message *m, enum stun_attribute type, struct span *value);
/* The same of a fixed form; false also when the length is wrong. */
bool stun_find_u32(const struct stun_message *m, enum stun_attribute type, uint32_t *value);
bool stun_find_u64(const struct stun_message *m, enum stun_attribute type, uint64_t *value);
/* An address: plain for MAPPED-ADDRESS, ALTERNATE-SERVER and OTHER-ADDRESS,
 * else XORed. */
bool stun_find_address(const struct stun_message *m, enum stun_attribute type,
                       struct ice_address *address);
/* Where a server has seen the request come from: XORed, or plain, as servers of
 * RFC 3489 have it (RFC 8489 section 14.1). */
bool stun_find_mapped(const struct stun_message *m, struct ice_address *address);
/* The code (300 to 699) and the reason, or 0 when there is none. */
int stun_find_error(const struct stun_message *m, struct span *reason);

/* Whether it answers the transaction. */
bool stun_is_answer(const struct stun_message *m, const uint8_t id[STUN_ID_LEN]);

/* "stale nonce" and so on; "" for codes without a name here. */
const char *stun_code_name(int code);

/* A message that is being written into data[STUN_MESSAGE_MAX] or more. */
struct stun_writer {
    uint8_t *data;
    size_t cap;
    size_t len;
    bool overflow; /* something did not fit; the message must not be sent */
};

void stun_begin(struct stun_writer *w, uint8_t *data, size_t cap, enum stun_class class,
                enum stun_method method, const uint8_t id[STUN_ID_LEN]);
/* Attributes; the length in the header is kept up to date. */
void stun_put(struct stun_writer *w, enum stun_attribute type, struct span value);
void stun_put_u32(struct stun_writer *w, enum stun_attribute type, uint32_t value);
void stun_put_u64(struct stun_writer *w, enum stun_attribute type, uint64_t value);
void stun_put_address(struct stun_writer *w, enum stun_attribute type,
                      const struct ice_address *address);
void stun_put_error(struct stun_writer *w, enum stun_code code);
/* The message, or an empty span after an overflow. */
struct span stun_bytes(const struct stun_writer *w);

/* RFC 7983: what the first byte says a datagram is. */
enum ice_packet { ICE_PACKET_STUN, ICE_PACKET_DTLS, ICE_PACKET_CHANNEL, ICE_PACKET_OTHER };
static inline enum ice_packet ice_packet_class(struct span datagram)
{
    if (datagram.len == 0)
        return ICE_PACKET_OTHER;
    uint8_t b = datagram.data[0];
    if (b <= 3)
        return ICE_PACKET_STUN;
    if (b >= 20 && b <= 63)
        return ICE_PACKET_DTLS;
    return b >= 64 && b <= 79 ? ICE_PACKET_CHANNEL : ICE_PACKET_OTHER;
}

#endif
