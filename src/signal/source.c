/*
 * A source outlives its last socket while its bucket is not full: else who
 * opens a socket for each guess would have a fresh bucket for each. A join
 * keeps it for the time of one token, so what can be kept is what can be
 * joined in that time. Each source that comes looks after two that are idle.
 */
#include "signal/source.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { IPV4_LEN = 4, SITE_LEN = 6, NETWORK_LEN = 8 };

struct source {
    struct table_node node; /* by key; their lengths tell the kinds apart */
    struct list idle_link;
    struct source *site; /* the /48 of a /64 that has sockets, else NULL */
    size_t socket_count;
    struct bucket joins;
    uint8_t key[NETWORK_LEN];
};

void sources_init(struct sources *sources, size_t sockets_max, size_t joins_per_s)
{
    assert(joins_per_s > 0);
    *sources = (struct sources){.sockets_max = sockets_max, .joins_per_s = joins_per_s};
    table_init(&sources->table);
    list_init(&sources->idle);
}

static void source_free(struct sources *sources, struct source *source)
{
    list_remove(&source->idle_link);
    table_remove(&sources->table, &source->node);
    free(source);
}

void sources_deinit(struct sources *sources)
{
    LIST_EACH(link, tmp, &sources->idle)
        source_free(sources, LIST_ENTRY(link, struct source, idle_link));
    table_deinit(&sources->table);
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

static size_t factor_of(const struct source *source)
{
    return source->node.key.len == SITE_LEN ? SOURCE_SITE_FACTOR : 1;
}

static struct source *source_find(const struct sources *sources, struct span key)
{
    struct table_node *node = key.len > 0 ? table_find(&sources->table, key) : NULL;
    return node ? LIST_ENTRY(node, struct source, node) : NULL;
}

static bool has_room(const struct sources *sources, const struct source *source)
{
    return !source || source->socket_count < factor_of(source) * sources->sockets_max;
}

bool sources_has_room(const struct sources *sources, const struct address *address)
{
    struct span key = address_key(address);
    return sources->sockets_max == 0 || (has_room(sources, source_find(sources, key)) &&
                                         has_room(sources, source_find(sources, site_key(key))));
}

/* Frees the first of the idle ones, or puts it last. */
static void look_after_idle(struct sources *sources, uint64_t now_us)
{
    struct list *first = list_first(&sources->idle);
    if (!first)
        return;
    struct source *source = LIST_ENTRY(first, struct source, idle_link);
    list_remove(first);
    if (source->joins.filled_at_us <= now_us)
        source_free(sources, source);
    else
        list_append(&sources->idle, first);
}

static struct source *add_socket(struct sources *sources, struct span key)
{
    struct source *source = source_find(sources, key);
    if (!source) {
        source = xcalloc(1, sizeof *source);
        list_init(&source->idle_link);
        memcpy(source->key, key.data, key.len);
        table_insert(&sources->table, &source->node, span_of(source->key, key.len));
    }
    list_remove(&source->idle_link);
    source->socket_count++;
    return source;
}

struct source *sources_add_socket(struct sources *sources, const struct address *address,
                                  uint64_t now_us)
{
    struct span key = address_key(address);
    struct span site = site_key(key);
    look_after_idle(sources, now_us);
    look_after_idle(sources, now_us);
    struct source *source = add_socket(sources, key);
    if (site.len > 0)
        source->site = add_socket(sources, site);
    return source;
}

static void drop_socket(struct sources *sources, struct source *source, uint64_t now_us)
{
    if (--source->socket_count > 0)
        return;
    source->site = NULL;
    if (source->joins.filled_at_us > now_us)
        list_append(&sources->idle, &source->idle_link);
    else
        source_free(sources, source);
}

void sources_drop_socket(struct sources *sources, struct source *source, uint64_t now_us)
{
    if (source->site)
        drop_socket(sources, source->site, now_us);
    drop_socket(sources, source, now_us);
}

static bool take_join(const struct sources *sources, struct source *source, uint64_t now_us)
{
    size_t factor = factor_of(source);
    size_t burst = factor * SOURCE_JOINS_PER_SOCKET * sources->sockets_max;
    return bucket_take(&source->joins, factor * sources->joins_per_s, burst, now_us);
}

bool sources_take_join(const struct sources *sources, struct source *source, uint64_t now_us)
{
    if (sources->sockets_max == 0)
        return true;
    return take_join(sources, source, now_us) &&
           (!source->site || take_join(sources, source->site, now_us));
}
