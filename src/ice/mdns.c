/*
 * What a responder says in the additional section counts too: it often puts
 * the address of the other family there.
 */
#include "ice/mdns.h"

#include <errno.h>

#include "base/bytes.h"
#include "base/dns.h"

int mdns_query_encode(const char *name, uint16_t id, uint8_t out[MDNS_QUERY_MAX])
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA};
    memset(out, 0, DNS_HEADER_LEN);
    put_u16be(out, id);
    put_u16be(out + 4, 2);
    int len = dns_name_encode(name, out + DNS_HEADER_LEN);
    if (len < 0)
        return len;
    size_t at = DNS_HEADER_LEN + (size_t)len;
    put_u16be(out + at, types[0]);
    put_u16be(out + at + 2, DNS_CLASS_TOP | DNS_CLASS_IN);
    at += 4;
    put_u16be(out + at, 0xc000 | DNS_HEADER_LEN); /* the same name again */
    put_u16be(out + at + 2, types[1]);
    put_u16be(out + at + 4, DNS_CLASS_TOP | DNS_CLASS_IN);
    return (int)(at + 6);
}

static bool read_address(const struct dns_record *record, struct ice_address *out)
{
    bool is_v4 = record->type == DNS_A && record->data.len == 4;
    if (!is_v4 && !(record->type == DNS_AAAA && record->data.len == 16))
        return false;
    *out = (struct ice_address){.family = is_v4 ? ICE_FAMILY_4 : ICE_FAMILY_6};
    memcpy(out->ip, record->data.data, record->data.len);
    return true;
}

int mdns_answer_decode(struct span message, const char *name, struct ice_address *out, int max)
{
    struct dns_reader reader;
    struct dns_record record;
    int count = 0;
    int more;
    if (dns_reader_init(&reader, message) < 0 || !(reader.flags & DNS_FLAG_RESPONSE) ||
        dns_reader_skip_questions(&reader) < 0)
        return -EINVAL;
    while ((more = dns_reader_record(&reader, &record)) > 0) {
        struct ice_address address;
        if (record.class == DNS_CLASS_IN && count < max && read_address(&record, &address) &&
            dns_name_is(message, record.name_at, name))
            out[count++] = address;
    }
    return more < 0 ? more : count;
}
