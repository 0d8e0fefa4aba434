#include "net/bsd/route_message.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <net/route.h>

#include "base/span.h"
#include "net/bsd/names.h"

enum {
    LEAST_LEN = 4,      /* length, version, type: of every message */
    IPV4_OFFSET = 4,    /* of the address in a struct sockaddr_in, */
    IPV6_OFFSET = 8,    /* and in a struct sockaddr_in6 */
    HALF_OF_ALL = 0x80, /* the first byte of a mask of one bit */
};

/* Takes the next address off; false when it is not all there. */
static bool take_address(struct span *rest, struct span *out)
{
    if (rest->len == 0)
        return false;
    size_t len = rest->data[0];
    size_t room = len == 0 ? ROUTE_ALIGN : (len + ROUTE_ALIGN - 1) / ROUTE_ALIGN * ROUTE_ALIGN;
    if (len > rest->len)
        return false;
    *out = span_of(rest->data, len);
    *rest = span_skip(*rest, room < rest->len ? room : rest->len);
    return true;
}

/* Of the address after which a family's mask is shaped. */
static size_t mask_offset(struct span destination)
{
    return destination.len > 1 && destination.data[1] == AF_INET6 ? IPV6_OFFSET : IPV4_OFFSET;
}

/* Nothing, or half of all addresses, is left open by the mask. */
static bool is_wide(struct span mask, size_t offset)
{
    for (size_t i = offset; i < mask.len; i++) {
        if (mask.data[i] != 0 && (i > offset || mask.data[i] != HALF_OF_ALL))
            return false;
    }
    return true;
}

/* Without a mask the destination is a host, or all that there is: 0. */
static bool leads_to_half_of_all(struct span message)
{
    struct rt_msghdr header;
    if (message.len < sizeof header)
        return false;
    memcpy(&header, message.data, sizeof header);
    struct span rest = span_skip(message, sizeof header);
    struct span destination = {0}, last = {0};
    if (header.rtm_flags & RTF_HOST)
        return false;
    for (int bit = RTA_DST; bit <= RTA_NETMASK; bit <<= 1) {
        bool is_there = header.rtm_addrs & bit;
        if (is_there && bit != RTA_GATEWAY && !take_address(&rest, &last))
            return false;
        if (is_there && bit == RTA_GATEWAY && !take_address(&rest, &(struct span){0}))
            return false;
        if (bit == RTA_DST)
            destination = last;
    }
    return destination.len > 0 && is_wide(last, mask_offset(destination));
}

static enum address_news judge(struct span message, int type)
{
    switch (type) {
    case RTM_ADD:
    case RTM_DELETE:
    case RTM_CHANGE:
        return leads_to_half_of_all(message) ? ADDRESS_NEWS_ROUTES : ADDRESS_NEWS_NONE;
    case RTM_NEWADDR:
    case RTM_DELADDR:
    case RTM_IFINFO:
        return ADDRESS_NEWS_ALL;
    default: /* of other processes' questions, and of groups */
        return ADDRESS_NEWS_NONE;
    }
}

enum address_news route_message_judge(const void *bytes, size_t len)
{
    enum address_news all = ADDRESS_NEWS_NONE;
    for (struct span rest = span_of(bytes, len); rest.len >= LEAST_LEN;) {
        uint16_t message_len;
        memcpy(&message_len, rest.data, sizeof message_len);
        if (message_len < LEAST_LEN || message_len > rest.len)
            break;
        enum address_news news = ADDRESS_NEWS_NONE;
        if (rest.data[2] == RTM_VERSION)
            news = judge(span_of(rest.data, message_len), rest.data[3]);
        if (news > all)
            all = news;
        rest = span_skip(rest, message_len);
    }
    return all;
}
