/*
 * An origin outlives its last socket while its bucket is not full: else who
 * opens a socket for each guess would have a fresh bucket for each. A join
 * keeps it for the time of one token, so what can be kept is what can be
 * joined in that time. Each origin that comes looks after two that are idle.
 */
#include "signal/origin.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { IPV4_LEN = 4, SITE_LEN = 6, NETWORK_LEN = 8 };

struct origin {
    struct table_node node; /* by key; their lengths tell the kinds apart */
    struct list idle_link;
    struct origin *site; /* the /48 of a /64 that has sockets, else NULL */
    size_t socket_count;
    struct bucket joins;
    uint8_t key[NETWORK_LEN];
};

void origins_init(struct origins *origins, size_t sockets_max, size_t joins_per_s)
{
    assert(joins_per_s > 0);
    *origins = (struct origins){.sockets_max = sockets_max, .joins_per_s = joins_per_s};
    table_init(&origins->table);
    list_init(&origins->idle);
}

static void origin_free(struct origins *origins, struct origin *origin)
{
    list_remove(&origin->idle_link);
    table_remove(&origins->table, &origin->node);
    free(origin);
}

void origins_deinit(struct origins *origins)
{
    LIST_EACH(link, tmp, &origins->idle)
    origin_free(origins, LIST_ENTRY(link, struct origin, idle_link));
    table_deinit(&origins->table);
}

/* The IPv4 address, or the network of an IPv6 one. */
static struct span address_key(const struct address *address)
{
    const void *storage = &address->storage;
    if (address->storage.ss_family == AF_INET)
        return span_of(&((const struct sockaddr_in *)storage)->sin_addr, IPV4_LEN);
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)storage)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(in6))
        return span_of(in6->s6_addr + 12, IPV4_LEN);
    return span_of(in6->s6_addr, NETWORK_LEN);
}

/* The site of a network; nothing for an IPv4 address. */
static struct span site_key(struct span key)
{
    return key.len == NETWORK_LEN ? span_of(key.data, SITE_LEN) : (struct span){0};
}

static size_t factor_of(const struct origin *origin)
{
    return origin->node.key.len == SITE_LEN ? ORIGIN_SITE_FACTOR : 1;
}

static struct origin *origin_find(const struct origins *origins, struct span key)
{
    struct table_node *node = key.len > 0 ? table_find(&origins->table, key) : NULL;
    return node ? LIST_ENTRY(node, struct origin, node) : NULL;
}

static bool has_room(const struct origins *origins, const struct origin *origin)
{
    return !origin || origin->socket_count < factor_of(origin) * origins->sockets_max;
}

bool origins_has_room(const struct origins *origins, const struct address *address)
{
    struct span key = address_key(address);
    return origins->sockets_max == 0 || (has_room(origins, origin_find(origins, key)) &&
                                         has_room(origins, origin_find(origins, site_key(key))));
}

/* Frees the first of the idle ones, or puts it last. */
static void look_after_idle(struct origins *origins, uint64_t now_us)
{
    struct list *first = list_first(&origins->idle);
    if (!first)
        return;
    struct origin *origin = LIST_ENTRY(first, struct origin, idle_link);
    list_remove(first);
    if (origin->joins.filled_at_us <= now_us)
        origin_free(origins, origin);
    else
        list_append(&origins->idle, first);
}

static struct origin *add_socket(struct origins *origins, struct span key)
{
    struct origin *origin = origin_find(origins, key);
    if (!origin) {
        origin = xcalloc(1, sizeof *origin);
        list_init(&origin->idle_link);
        memcpy(origin->key, key.data, key.len);
        table_insert(&origins->table, &origin->node, span_of(origin->key, key.len));
    }
    list_remove(&origin->idle_link);
    origin->socket_count++;
    return origin;
}

struct origin *origins_add_socket(struct origins *origins, const struct address *address,
                                  uint64_t now_us)
{
    struct span key = address_key(address);
    struct span site = site_key(key);
    look_after_idle(origins, now_us);
    look_after_idle(origins, now_us);
    struct origin *origin = add_socket(origins, key);
    if (site.len > 0)
        origin->site = add_socket(origins, site);
    return origin;
}

static void drop_socket(struct origins *origins, struct origin *origin, uint64_t now_us)
{
    if (--origin->socket_count > 0)
        return;
    origin->site = NULL;
    if (origin->joins.filled_at_us > now_us)
        list_append(&origins->idle, &origin->idle_link);
    else
        origin_free(origins, origin);
}

void origins_drop_socket(struct origins *origins, struct origin *origin, uint64_t now_us)
{
    if (origin->site)
        drop_socket(origins, origin->site, now_us);
    drop_socket(origins, origin, now_us);
}

static bool take_join(const struct origins *origins, struct origin *origin, uint64_t now_us)
{
    size_t factor = factor_of(origin);
    size_t burst = factor * ORIGIN_JOINS_PER_SOCKET * origins->sockets_max;
    return bucket_take(&origin->joins, factor * origins->joins_per_s, burst, now_us);
}

bool origins_take_join(const struct origins *origins, struct origin *origin, uint64_t now_us)
{
    if (origins->sockets_max == 0)
        return true;
    return take_join(origins, origin, now_us) &&
           (!origin->site || take_join(origins, origin->site, now_us));
}
