/*
 * Reading is one pass that checks the frame of every attribute; after it the
 * find functions may walk without checks. Writing appends and keeps the
 * length field right, which MESSAGE-INTEGRITY and FINGERPRINT are computed
 * over.
 *
 * The class sits in two bits spread over the type (RFC 8489 section 5):
 *
 *   |0|0| M M M M M | C1 | M M M | C0 | M M M M |
 */
#include "ice/stun.h"

#include <errno.h>

#include "base/bytes.h"

enum { ATTRIBUTE_HEADER_LEN = 4, INTEGRITY_LEN = 20, FINGERPRINT_LEN = 4 };

static size_t padded(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

static bool is_known(uint16_t type)
{
    switch (type) {
    case STUN_MAPPED_ADDRESS:
    case STUN_USERNAME:
    case STUN_MESSAGE_INTEGRITY:
    case STUN_ERROR_CODE:
    case STUN_UNKNOWN_ATTRIBUTES:
    case STUN_CHANNEL_NUMBER:
    case STUN_LIFETIME:
    case STUN_XOR_PEER_ADDRESS:
    case STUN_DATA_VALUE:
    case STUN_REALM:
    case STUN_NONCE:
    case STUN_XOR_RELAYED_ADDRESS:
    case STUN_REQUESTED_ADDRESS_FAMILY:
    case STUN_REQUESTED_TRANSPORT:
    case STUN_MESSAGE_INTEGRITY_SHA256:
    case STUN_XOR_MAPPED_ADDRESS:
    case STUN_PRIORITY:
    case STUN_USE_CANDIDATE:
        return true;
    default:
        return type >= 0x8000;
    }
}

/* Notes what one attribute means for the message. False: not a message. */
static bool note_attribute(struct stun_message *m, size_t at, uint16_t type, size_t len)
{
    if (m->fingerprint_at)
        return false; /* section 14.7: it is the last one */
    if (type == STUN_FINGERPRINT) {
        m->fingerprint_at = at;
        return len == FINGERPRINT_LEN;
    }
    if (m->integrity_at)
        return true; /* section 14.5: to be ignored behind it */
    if (type == STUN_MESSAGE_INTEGRITY) {
        m->integrity_at = at;
        return len == INTEGRITY_LEN;
    }
    if (!is_known(type) && !m->unknown)
        m->unknown = type;
    return true;
}

int stun_decode(struct span bytes, struct stun_message *out)
{
    if (bytes.len > 0 && bytes.data[0] > 3)
        return -EINVAL;
    if (bytes.len < STUN_HEADER_LEN)
        return 0;
    const uint8_t *p = bytes.data;
    size_t total = STUN_HEADER_LEN + (size_t)get_u16be(p + 2);
    if (total % 4 != 0 || get_u32be(p + 4) != STUN_COOKIE)
        return -EINVAL;
    if (bytes.len < total)
        return 0;
    uint16_t type = get_u16be(p);
    struct stun_message m = {
        .bytes = {p, total},
        .class = (enum stun_class)(((type >> 7) & 2) | ((type >> 4) & 1)),
        .method = (uint16_t)((type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80)),
        .id = p + 8,
    };
    int count = 0;
    for (size_t at = STUN_HEADER_LEN; at < total;) {
        if (++count > STUN_ATTRIBUTES_MAX)
            return -EINVAL;
        /* total and at are multiples of 4, so the header fits. */
        size_t len = get_u16be(p + at + 2);
        if (padded(len) > total - at - ATTRIBUTE_HEADER_LEN)
            return -EINVAL;
        if (!note_attribute(&m, at, get_u16be(p + at), len))
            return -EINVAL;
        at += ATTRIBUTE_HEADER_LEN + padded(len);
    }
    *out = m;
    return (int)total;
}

bool stun_find(const struct stun_message *m, enum stun_attribute type, struct span *value)
{
    const uint8_t *p = m->bytes.data;
    size_t end = m->integrity_at     ? m->integrity_at
                 : m->fingerprint_at ? m->fingerprint_at
                                     : m->bytes.len;
    for (size_t at = STUN_HEADER_LEN; at < end;) {
        size_t len = get_u16be(p + at + 2);
        if (get_u16be(p + at) == type) {
            *value = span_of(p + at + ATTRIBUTE_HEADER_LEN, len);
            return true;
        }
        at += ATTRIBUTE_HEADER_LEN + padded(len);
    }
    return false;
}

bool stun_find_u32(const struct stun_message *m, enum stun_attribute type, uint32_t *value)
{
    struct span v;
    if (!stun_find(m, type, &v) || v.len != 4)
        return false;
    *value = get_u32be(v.data);
    return true;
}

bool stun_find_u64(const struct stun_message *m, enum stun_attribute type, uint64_t *value)
{
    struct span v;
    if (!stun_find(m, type, &v) || v.len != 8)
        return false;
    *value = get_u64be(v.data);
    return true;
}

/* XOR with the cookie and, for IPv6, the transaction id (section 14.2). Its
 * own inverse. */
static void xor_address(struct ice_address *a, const uint8_t id[STUN_ID_LEN])
{
    uint8_t key[16];
    put_u32be(key, STUN_COOKIE);
    memcpy(key + 4, id, STUN_ID_LEN);
    a->port ^= (uint16_t)(STUN_COOKIE >> 16);
    for (int i = 0; i < (a->family == ICE_FAMILY_4 ? 4 : 16); i++)
        a->ip[i] ^= key[i];
}

static bool is_plain(enum stun_attribute type)
{
    return type == STUN_MAPPED_ADDRESS || type == STUN_ALTERNATE_SERVER ||
           type == STUN_OTHER_ADDRESS;
}

bool stun_find_address(const struct stun_message *m, enum stun_attribute type,
                       struct ice_address *address)
{
    struct span v;
    if (!stun_find(m, type, &v) || v.len < 8)
        return false;
    struct ice_address a = {.port = get_u16be(v.data + 2)};
    if (v.data[1] == 1 && v.len == 8)
        a.family = ICE_FAMILY_4;
    else if (v.data[1] == 2 && v.len == 20)
        a.family = ICE_FAMILY_6;
    else
        return false;
    memcpy(a.ip, v.data + 4, v.len - 4);
    if (!is_plain(type))
        xor_address(&a, m->id);
    *address = a;
    return true;
}

bool stun_find_mapped(const struct stun_message *m, struct ice_address *address)
{
    return stun_find_address(m, STUN_XOR_MAPPED_ADDRESS, address) ||
           stun_find_address(m, STUN_MAPPED_ADDRESS, address);
}

int stun_find_error(const struct stun_message *m, struct span *reason)
{
    struct span v;
    if (!stun_find(m, STUN_ERROR_CODE, &v) || v.len < 4)
        return 0;
    int class = v.data[2] & 7;
    int number = v.data[3];
    if (class < 3 || class > 6 || number > 99)
        return 0;
    *reason = span_skip(v, 4);
    return class * 100 + number;
}

bool stun_is_answer(const struct stun_message *m, const uint8_t id[STUN_ID_LEN])
{
    return (m->class == STUN_SUCCESS || m->class == STUN_ERROR) &&
           memcmp(m->id, id, STUN_ID_LEN) == 0;
}

const char *stun_code_name(int code)
{
    switch (code) {
    case STUN_TRY_ALTERNATE:
        return "try alternate";
    case STUN_BAD_REQUEST:
        return "bad request";
    case STUN_UNAUTHENTICATED:
        return "unauthenticated";
    case STUN_FORBIDDEN:
        return "forbidden";
    case STUN_UNKNOWN_ATTRIBUTE:
        return "unknown attribute";
    case STUN_ALLOCATION_MISMATCH:
        return "allocation mismatch";
    case STUN_STALE_NONCE:
        return "stale nonce";
    case STUN_WRONG_CREDENTIALS:
        return "wrong credentials";
    case STUN_ALLOCATION_QUOTA:
        return "allocation quota reached";
    case STUN_ROLE_CONFLICT:
        return "role conflict";
    case STUN_INSUFFICIENT_CAPACITY:
        return "insufficient capacity";
    default:
        return "";
    }
}

void stun_begin(struct stun_writer *w, uint8_t *data, size_t cap, enum stun_class class,
                enum stun_method method, const uint8_t id[STUN_ID_LEN])
{
    unsigned c = class;
    unsigned m = method;
    unsigned type =
        (m & 0xf) | ((m & 0x70) << 1) | ((m & 0xf80) << 2) | ((c & 1) << 4) | ((c & 2) << 7);
    *w = (struct stun_writer){data, cap, STUN_HEADER_LEN, cap < STUN_HEADER_LEN};
    if (w->overflow)
        return;
    put_u16be(data, (uint16_t)type);
    put_u16be(data + 2, 0);
    put_u32be(data + 4, STUN_COOKIE);
    memcpy(data + 8, id, STUN_ID_LEN);
}

void stun_put(struct stun_writer *w, enum stun_attribute type, struct span value)
{
    size_t room = w->cap - w->len;
    size_t len = padded(value.len);
    if (w->overflow || value.len > UINT16_MAX || room < ATTRIBUTE_HEADER_LEN ||
        len > room - ATTRIBUTE_HEADER_LEN) {
        w->overflow = true;
        return;
    }
    uint8_t *p = w->data + w->len;
    put_u16be(p, (uint16_t)type);
    put_u16be(p + 2, (uint16_t)value.len);
    if (value.len > 0)
        memcpy(p + ATTRIBUTE_HEADER_LEN, value.data, value.len);
    memset(p + ATTRIBUTE_HEADER_LEN + value.len, 0, len - value.len);
    w->len += ATTRIBUTE_HEADER_LEN + len;
    put_u16be(w->data + 2, (uint16_t)(w->len - STUN_HEADER_LEN));
}

void stun_put_u32(struct stun_writer *w, enum stun_attribute type, uint32_t value)
{
    uint8_t bytes[4];
    put_u32be(bytes, value);
    stun_put(w, type, span_of(bytes, sizeof bytes));
}

void stun_put_u64(struct stun_writer *w, enum stun_attribute type, uint64_t value)
{
    uint8_t bytes[8];
    put_u64be(bytes, value);
    stun_put(w, type, span_of(bytes, sizeof bytes));
}

void stun_put_address(struct stun_writer *w, enum stun_attribute type,
                      const struct ice_address *address)
{
    struct ice_address a = *address;
    if (w->overflow)
        return;
    if (!is_plain(type))
        xor_address(&a, w->data + 8);
    uint8_t bytes[20] = {0, a.family == ICE_FAMILY_4 ? 1 : 2};
    put_u16be(bytes + 2, a.port);
    memcpy(bytes + 4, a.ip, sizeof a.ip);
    stun_put(w, type, span_of(bytes, a.family == ICE_FAMILY_4 ? 8 : 20));
}

void stun_put_error(struct stun_writer *w, enum stun_code code)
{
    uint8_t bytes[4 + 32] = {0, 0, (uint8_t)(code / 100), (uint8_t)(code % 100)};
    const char *name = stun_code_name((int)code);
    size_t len = strlen(name);
    memcpy(bytes + 4, name, len);
    stun_put(w, STUN_ERROR_CODE, span_of(bytes, 4 + len));
}

struct span stun_bytes(const struct stun_writer *w)
{
    return w->overflow ? (struct span){0} : span_of(w->data, w->len);
}
