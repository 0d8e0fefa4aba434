/*
 * DNS messages (RFC 1035 section 4): a header of six 16-bit fields, then
 * questions and records, each beginning with a name of labels. A name may end
 * in a pointer to an earlier place; following only pointers that go backwards
 * makes every walk end.
 *
 *   | id | flags | questions | answers | authorities | additionals |
 *   record:  name | type 16 | class 16 | ttl 32 | length 16 | data
 *
 * What a responder says in the additional section counts too: it often puts
 * the address of the other family there.
 */
#include "ice/mdns.h"

#include <errno.h>

#include "base/bytes.h"

enum {
    HEADER_LEN = 12,
    TYPE_A = 1,
    TYPE_AAAA = 28,
    CLASS_IN = 1,
    CLASS_MASK = 0x7fff, /* the top bit: cache flush, or unicast answer wanted */
    UNICAST_WANTED = 0x8000,
    FLAG_RESPONSE = 0x8000,
    NAME_MAX_LEN = 255,
    LABEL_MAX = 63,
};

/* Writes the name as labels. Returns its length or -EINVAL. */
static int encode_name(const char *name, uint8_t out[NAME_MAX_LEN + 2])
{
    size_t at = 0;
    while (*name) {
        size_t len = strcspn(name, ".");
        if (len == 0 || len > LABEL_MAX || at + 1 + len + 1 > NAME_MAX_LEN)
            return -EINVAL;
        out[at++] = (uint8_t)len;
        memcpy(out + at, name, len);
        at += len;
        name += len;
        if (*name == '.')
            name++;
    }
    if (at == 0)
        return -EINVAL;
    out[at++] = 0;
    return (int)at;
}

int mdns_query_encode(const char *name, uint16_t id, uint8_t out[MDNS_QUERY_MAX])
{
    static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
    memset(out, 0, HEADER_LEN);
    put_u16be(out, id);
    put_u16be(out + 4, 2);
    int len = encode_name(name, out + HEADER_LEN);
    if (len < 0)
        return len;
    size_t at = HEADER_LEN + (size_t)len;
    put_u16be(out + at, types[0]);
    put_u16be(out + at + 2, UNICAST_WANTED | CLASS_IN);
    at += 4;
    put_u16be(out + at, 0xc000 | HEADER_LEN); /* the same name again */
    put_u16be(out + at + 2, types[1]);
    put_u16be(out + at + 4, UNICAST_WANTED | CLASS_IN);
    return (int)(at + 6);
}

/* Walks the name at *at and leaves *at behind it. name, when not NULL, is
 * compared without case: *same says whether it is that one. */
static int walk_name(struct span m, size_t *at, const char *name, bool *same)
{
    size_t pos = *at;
    size_t lowest = pos; /* pointers must go below what was read */
    size_t total = 0;
    bool jumped = false;
    *same = true;
    for (;;) {
        if (pos >= m.len)
            return -EINVAL;
        size_t len = m.data[pos];
        if (len == 0)
            break;
        if ((len & 0xc0) == 0xc0) {
            if (m.len - pos < 2)
                return -EINVAL;
            size_t target = get_u16be(m.data + pos) & 0x3fff;
            if (target >= lowest)
                return -EINVAL;
            if (!jumped)
                *at = pos + 2;
            jumped = true;
            lowest = pos = target;
            continue;
        }
        total += len + 1;
        if (len > LABEL_MAX || total > NAME_MAX_LEN || m.len - pos - 1 < len)
            return -EINVAL;
        size_t want = strcspn(name, ".");
        if (want != len || strncasecmp(name, (const char *)m.data + pos + 1, len) != 0)
            *same = false;
        name += want;
        if (*name == '.')
            name++;
        pos += 1 + len;
    }
    if (*name != '\0')
        *same = false;
    if (!jumped)
        *at = pos + 1;
    return 0;
}

static bool read_address(uint16_t type, struct span data, struct ice_address *out)
{
    if (!(type == TYPE_A && data.len == 4) && !(type == TYPE_AAAA && data.len == 16))
        return false;
    *out = (struct ice_address){.family = type == TYPE_A ? ICE_FAMILY_4 : ICE_FAMILY_6};
    memcpy(out->ip, data.data, data.len);
    return true;
}

int mdns_answer_decode(struct span message, const char *name, struct ice_address *out, int max)
{
    const uint8_t *p = message.data;
    if (message.len < HEADER_LEN || !(get_u16be(p + 2) & FLAG_RESPONSE))
        return -EINVAL;
    unsigned questions = get_u16be(p + 4);
    unsigned records = (unsigned)get_u16be(p + 6) + get_u16be(p + 8) + get_u16be(p + 10);
    size_t at = HEADER_LEN;
    bool same;
    int count = 0;
    for (; questions > 0; questions--) {
        if (walk_name(message, &at, name, &same) < 0 || message.len - at < 4)
            return -EINVAL;
        at += 4;
    }
    for (; records > 0; records--) {
        if (walk_name(message, &at, name, &same) < 0 || message.len - at < 10)
            return -EINVAL;
        uint16_t type = get_u16be(p + at);
        uint16_t class = get_u16be(p + at + 2) & CLASS_MASK;
        size_t len = get_u16be(p + at + 8);
        at += 10;
        if (message.len - at < len)
            return -EINVAL;
        struct ice_address address;
        if (same && class == CLASS_IN && count < max &&
            read_address(type, span_of(p + at, len), &address))
            out[count++] = address;
        at += len;
    }
    return count;
}
