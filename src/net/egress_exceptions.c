/*
 * NO_PROXY has no standard; this is what curl, Go and Python have in common,
 * and what at least one of them takes where they differ. Names are compared as
 * they are written: nothing is looked up, since a network that has an egress
 * often knows no names of the internet.
 */
#include "net/egress_exceptions.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/span.h"

enum { ENTRY_MAX = 300 }; /* a longer one names no host */

/* The host as it is compared. */
struct target {
    struct span name; /* without a dot at the end */
    int family;       /* of an address; of a name AF_UNSPEC */
    uint8_t bytes[16];
    uint16_t port;
};

static int parse_address(const char *text, uint8_t bytes[16])
{
    if (inet_pton(AF_INET, text, bytes) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6 : AF_UNSPEC;
}

static struct span without_dot(struct span name)
{
    if (name.len > 1 && name.data[name.len - 1] == '.')
        name.len--;
    return name;
}

static bool has_same_bits(const uint8_t *x, const uint8_t *y, unsigned bits)
{
    unsigned rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    return memcmp(x, y, bits / 8) == 0 && (rest == 0 || ((x[bits / 8] ^ y[bits / 8]) & mask) == 0);
}

/* network has a slash. */
static bool is_in_network(const struct target *target, char *network)
{
    uint8_t bytes[16];
    char *slash = strchr(network, '/');
    char *end;
    *slash = '\0';
    int family = parse_address(network, bytes);
    unsigned long bits = strtoul(slash + 1, &end, 10);
    unsigned long most = family == AF_INET ? 32 : 128;
    return family != AF_UNSPEC && family == target->family && *end == '\0' && end > slash + 1 &&
           bits <= most && has_same_bits(bytes, target->bytes, (unsigned)bits);
}

/* "example.org", also with "." or "*." in front. */
static bool is_at_or_below(struct span name, struct span domain)
{
    if (span_starts_with(domain, "*."))
        domain = span_skip(domain, 1);
    if (span_starts_with(domain, "."))
        domain = span_skip(domain, 1);
    domain = without_dot(domain);
    if (domain.len == 0 || domain.len > name.len)
        return false;
    size_t before = name.len - domain.len;
    return span_is_equal_nocase(span_skip(name, before), domain) &&
           (before == 0 || name.data[before - 1] == '.');
}

/* Takes a port off that stands behind the entry; 0 where there is none. An
 * IPv6 address has colons of its own, and brackets where a port follows. */
static uint16_t take_port(char *entry)
{
    char *colon = strrchr(entry, ':');
    bool is_bracketed = entry[0] == '[';
    if (!colon || (is_bracketed ? colon[-1] != ']' : strchr(entry, ':') != colon))
        return 0;
    unsigned long port = strtoul(colon + 1, NULL, 10);
    *colon = '\0';
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static bool is_entry_of(const struct target *target, char *entry)
{
    uint8_t bytes[16];
    if (strcmp(entry, "*") == 0)
        return true;
    uint16_t port = take_port(entry);
    if (port != 0 && port != target->port)
        return false;
    size_t len = strlen(entry);
    if (len > 1 && entry[0] == '[' && entry[len - 1] == ']') {
        entry[len - 1] = '\0';
        entry++;
    }
    if (strchr(entry, '/'))
        return is_in_network(target, entry);
    int family = parse_address(entry, bytes);
    if (family != AF_UNSPEC)
        return family == target->family &&
               memcmp(bytes, target->bytes, family == AF_INET ? 4 : 16) == 0;
    return target->family == AF_UNSPEC && is_at_or_below(target->name, span_from_string(entry));
}

bool egress_exceptions_have(const char *list, const char *host, uint16_t port)
{
    struct target target = {.name = without_dot(span_from_string(host)), .port = port};
    target.family = parse_address(host, target.bytes);
    while (*list) {
        char entry[ENTRY_MAX];
        size_t len = strcspn(list, ", \t");
        if (len > 0 && len < sizeof entry) {
            memcpy(entry, list, len);
            entry[len] = '\0';
            if (is_entry_of(&target, entry))
                return true;
        }
        list += len;
        list += strspn(list, ", \t");
    }
    return false;
}
