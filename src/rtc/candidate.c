/*
 * Seven fields in a fixed order, one space each, then pairs of name and value
 * that may be skipped. The parser splits and checks; what can be done with a
 * candidate is candidate_is_usable()'s to say.
 */
#include "rtc/candidate.h"

#include <arpa/inet.h>
#include <errno.h>

static const char *const type_names[] = {"host", "srflx", "prflx", "relay"};

const char *candidate_type_name(enum candidate_type type)
{
    return type_names[type];
}

/* Splits off the next field; empty at the end. */
static struct span next_field(struct span *rest)
{
    size_t start = 0;
    while (start < rest->len && rest->data[start] == ' ')
        start++;
    size_t end = start;
    while (end < rest->len && rest->data[end] > ' ')
        end++;
    struct span field = {rest->data + start, end - start};
    *rest = span_skip(*rest, end);
    return field;
}

static bool parse_number(struct span field, uint64_t most, uint64_t *out)
{
    enum { DIGITS_MAX = 10 };
    if (field.len == 0 || field.len > DIGITS_MAX)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < field.len; i++) {
        if (field.data[i] < '0' || field.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(field.data[i] - '0');
    }
    *out = value;
    return value <= most;
}

static bool parse_type(struct span field, enum candidate_type *out)
{
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++) {
        if (span_is_string_nocase(field, type_names[i])) {
            *out = (enum candidate_type)i;
            return true;
        }
    }
    return false;
}

int candidate_parse(struct span text, struct candidate *out)
{
    if (text.len > CANDIDATE_LEN_MAX)
        return -EINVAL;
    if (span_starts_with(text, "a="))
        text = span_skip(text, 2);
    if (!span_starts_with(text, "candidate:"))
        return -EINVAL;
    struct span rest = span_skip(text, strlen("candidate:"));
    struct candidate c = {0};
    uint64_t component = 0;
    uint64_t priority = 0;
    uint64_t port = 0;
    c.foundation = next_field(&rest);
    if (c.foundation.len == 0 || c.foundation.len > 32)
        return -EINVAL;
    if (!parse_number(next_field(&rest), 256, &component))
        return -EINVAL;
    c.transport = next_field(&rest);
    if (!parse_number(next_field(&rest), UINT32_MAX, &priority))
        return -EINVAL;
    c.address = next_field(&rest);
    if (c.address.len == 0 || !parse_number(next_field(&rest), UINT16_MAX, &port))
        return -EINVAL;
    if (!span_is_string_nocase(next_field(&rest), "typ") || !parse_type(next_field(&rest), &c.type))
        return -EINVAL;
    c.component = (uint32_t)component;
    c.priority = (uint32_t)priority;
    c.port = (uint16_t)port;
    *out = c;
    return 0;
}

static bool is_literal_address(struct span address)
{
    char text[INET6_ADDRSTRLEN];
    if (address.len >= sizeof text)
        return false;
    memcpy(text, address.data, address.len);
    text[address.len] = '\0';
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return v4.s_addr != htonl(INADDR_ANY);
    struct in6_addr v6;
    return inet_pton(AF_INET6, text, &v6) == 1 && !IN6_IS_ADDR_LINKLOCAL(&v6) &&
           !IN6_IS_ADDR_UNSPECIFIED(&v6);
}

bool candidate_is_usable(const struct candidate *candidate)
{
    return candidate->component == 1 && span_is_string_nocase(candidate->transport, "udp") &&
           candidate->port != 0 && is_literal_address(candidate->address);
}
