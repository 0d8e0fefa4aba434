/*
 * Text is read and written by inet_pton and inet_ntop; unused bytes of an
 * address are always zero, so that equality is a comparison of bytes.
 */
#include "ice/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static size_t ip_len(const struct ice_address *a)
{
    return a->family == ICE_FAMILY_4 ? 4 : 16;
}

struct ice_address ice_address_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct ice_address){.family = ICE_FAMILY_4, .port = port, .ip = {a, b, c, d}};
}

int ice_address_parse(struct span text, uint16_t port, struct ice_address *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char copy[INET6_ADDRSTRLEN + 1];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len))
        return -EINVAL;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    struct ice_address a = {.port = port};
    if (inet_pton(AF_INET, copy, a.ip) == 1) {
        a.family = ICE_FAMILY_4;
    } else if (inet_pton(AF_INET6, copy, a.ip) == 1) {
        a.family = ICE_FAMILY_6;
        if (memcmp(a.ip, mapped, sizeof mapped) == 0)
            a = ice_address_v4(a.ip[12], a.ip[13], a.ip[14], a.ip[15], port);
    } else {
        return -EINVAL;
    }
    *out = a;
    return 0;
}

const char *ice_address_format_ip(const struct ice_address *a, char out[ICE_ADDRESS_TEXT_LEN])
{
    if (a->family == ICE_FAMILY_NONE || !inet_ntop(a->family == ICE_FAMILY_4 ? AF_INET : AF_INET6,
                                                   a->ip, out, ICE_ADDRESS_TEXT_LEN))
        memcpy(out, "-", 2);
    return out;
}

const char *ice_address_format(const struct ice_address *a, char out[ICE_ADDRESS_TEXT_LEN])
{
    char ip[ICE_ADDRESS_TEXT_LEN];
    ice_address_format_ip(a, ip);
    if (a->family == ICE_FAMILY_NONE)
        snprintf(out, ICE_ADDRESS_TEXT_LEN, "-");
    else
        snprintf(out, ICE_ADDRESS_TEXT_LEN, a->family == ICE_FAMILY_6 ? "[%.45s]:%u" : "%.45s:%u",
                 ip, a->port);
    return out;
}

bool ice_address_is_same_ip(const struct ice_address *a, const struct ice_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool ice_address_is_equal(const struct ice_address *a, const struct ice_address *b)
{
    return a->port == b->port && ice_address_is_same_ip(a, b);
}

bool ice_address_is_link_local(const struct ice_address *a)
{
    if (a->family == ICE_FAMILY_4)
        return a->ip[0] == 169 && a->ip[1] == 254;
    return a->family == ICE_FAMILY_6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

bool ice_address_is_loopback(const struct ice_address *a)
{
    static const uint8_t one[16] = {[15] = 1};
    if (a->family == ICE_FAMILY_4)
        return a->ip[0] == 127;
    return a->family == ICE_FAMILY_6 && memcmp(a->ip, one, sizeof one) == 0;
}

bool ice_address_is_unusable(const struct ice_address *a)
{
    static const uint8_t zero[16];
    if (a->family == ICE_FAMILY_NONE || memcmp(a->ip, zero, ip_len(a)) == 0)
        return true;
    if (a->family == ICE_FAMILY_4)
        return a->ip[0] == 0 || a->ip[0] >= 224;
    return a->ip[0] == 0xff;
}
