/*
 * Each server is looked up when it is added, again some time after a failure
 * (a laptop that is started before its network), and now and then after a
 * success (addresses of public STUN servers move).
 */
#include "rtc/ice_servers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/span.h"
#include "ice/budget.h"
#include "rtc/ice_address.h"

enum { FAMILIES = ICE_ADDRESSES_MAX / ICE_SERVERS_MAX };

#define RETRY_FIRST_US (1 * US_PER_S)
#define RETRY_MOST_US  (60 * US_PER_S)
#define REFRESH_US     (30 * 60 * US_PER_S)

struct entry {
    struct ice_servers *servers;
    enum ice_server_type type;
    enum turn_transport transport;
    char *host;
    uint16_t port;
    char *user;
    char *pass;
    struct address addresses[FAMILIES]; /* one of each: IPv4, IPv6; len 0: none */
    bool is_taken;                      /* from the signal server */
    bool has_answer;                    /* of the first look-up, good or bad */
    struct resolution *resolution;
    struct timer *timer;
    struct backoff backoff;
};

struct ice_servers {
    struct loop *loop;
    struct tls_client *tls; /* NULL until it is needed */
    const struct egress *egress;
    struct ice_fixed fixed;
    struct port_mapper *mapper; /* or NULL */
    struct ice_budget budget;
    struct ice_mappings mappings;
    struct nat64_search nat64;
    struct list watches;
    int count;
    struct entry entries[ICE_SERVERS_MAX];
};

/* ---- look-ups ---- */

static void tell_watches(struct ice_servers *servers)
{
    LIST_EACH(link, tmp, &servers->watches) {
        struct ice_servers_watch *watch = LIST_ENTRY(link, struct ice_servers_watch, link);
        watch->on_change(watch->arg);
    }
}

/* The first one of each family: which of them leads to the server depends on
 * the network, and a machine may go to another. */
static void take_addresses(struct entry *entry, const struct address *addresses, int count)
{
    for (int i = count - 1; i >= 0; i--)
        entry->addresses[addresses[i].storage.ss_family == AF_INET6] = addresses[i];
}

static void on_nat64(void *arg)
{
    tell_watches(arg);
}

void ice_servers_seek_nat64(struct ice_servers *servers, bool is_ipv6_only)
{
    if (!servers)
        return;
    if (is_ipv6_only)
        nat64_search_start(&servers->nat64);
    else
        nat64_search_forget(&servers->nat64);
}

static void on_resolved(const struct address *addresses, int count, int error, void *arg)
{
    (void)error;
    struct entry *entry = arg;
    entry->resolution = NULL;
    entry->has_answer = true;
    if (count == 0) {
        /* Addresses of before stay in use. */
        timer_start_in(entry->timer, backoff_next_us(&entry->backoff));
        tell_watches(entry->servers);
        return;
    }
    take_addresses(entry, addresses, count);
    backoff_reset(&entry->backoff);
    timer_start_in(entry->timer, REFRESH_US);
    tell_watches(entry->servers);
}

static void look_up(void *arg)
{
    struct entry *entry = arg;
    entry->resolution =
        resolve_patiently(entry->servers->loop, entry->host, entry->port, on_resolved, entry);
}

static bool is_by_egress(const struct entry *entry)
{
    return entry->type == ICE_SERVER_TURN && entry->transport != TURN_UDP &&
           egress_leads_to(entry->servers->egress, entry->host, entry->port);
}

/* The name is the egress's to look up; by which family that connects is not
 * known either. */
static void take_no_address(struct entry *entry)
{
    address_parse("0.0.0.0", entry->port, &entry->addresses[0]);
    address_parse("::", entry->port, &entry->addresses[1]);
    entry->has_answer = true;
}

struct ice_servers *ice_servers_new(struct loop *loop)
{
    struct ice_servers *servers = xcalloc(1, sizeof *servers);
    servers->loop = loop;
    nat64_search_init(&servers->nat64, loop, on_nat64, servers);
    list_init(&servers->watches);
    return servers;
}

void ice_servers_free(struct ice_servers *servers)
{
    if (!servers)
        return;
    for (int i = 0; i < servers->count; i++) {
        struct entry *entry = &servers->entries[i];
        if (entry->resolution)
            resolution_cancel(entry->resolution);
        timer_free(entry->timer);
        free(entry->host);
        free(entry->user);
        free_secret_string(entry->pass);
    }
    assert(list_is_empty(&servers->watches));
    nat64_search_deinit(&servers->nat64);
    port_mapper_free(servers->mapper);
    tls_client_free(servers->tls);
    free(servers);
}

static enum turn_transport transport_of(const struct ice_server_url *url)
{
    static const enum turn_transport transports[] = {
        [ICE_SERVER_UDP] = TURN_UDP,
        [ICE_SERVER_TCP] = TURN_TCP,
        [ICE_SERVER_TLS] = TURN_TLS,
    };
    return transports[url->transport];
}

int ice_servers_add(struct ice_servers *servers, const char *url, const char *user,
                    const char *pass, const char **why)
{
    struct ice_server_url parsed;
    *why = ice_server_url_parse(url, &parsed);
    if (*why)
        return -EINVAL;
    if (servers->count == ICE_SERVERS_MAX) {
        *why = "there are too many servers";
        return -ENOSPC;
    }
    struct entry *entry = &servers->entries[servers->count++];
    *entry = (struct entry){
        .servers = servers,
        .type = parsed.type,
        .transport = transport_of(&parsed),
        .host = xstrndup(parsed.host),
        .port = parsed.port,
    };
    if (parsed.type == ICE_SERVER_TURN) {
        entry->user = xstrdup(user ? user : "");
        entry->pass = xstrdup(pass ? pass : "");
    }
    backoff_init(&entry->backoff, RETRY_FIRST_US, RETRY_MOST_US, random_u32());
    entry->timer = timer_new(servers->loop, look_up, entry);
    /* A literal needs no look-up: it is there at once. */
    struct address literal;
    if (address_parse(entry->host, entry->port, &literal) == 0) {
        take_addresses(entry, &literal, 1);
        entry->has_answer = true;
    } else if (is_by_egress(entry)) {
        take_no_address(entry);
    } else {
        look_up(entry);
    }
    return 0;
}

void ice_servers_set_fixed(struct ice_servers *servers, const struct ice_fixed *fixed)
{
    servers->fixed = *fixed;
    if (fixed->asks_router)
        servers->mapper = port_mapper_new(servers->loop);
}

struct port_mapper *ice_servers_mapper(const struct ice_servers *servers)
{
    return servers->mapper;
}

const struct ice_fixed *ice_servers_fixed(const struct ice_servers *servers)
{
    return &servers->fixed;
}

void ice_servers_set_egress(struct ice_servers *servers, const struct egress *egress)
{
    assert(servers->count == 0);
    servers->egress = egress;
}

const struct egress *ice_servers_egress(const struct ice_servers *servers, const char *host,
                                        uint16_t port)
{
    bool leads_out = servers && egress_leads_to(servers->egress, host, port);
    return leads_out ? servers->egress : NULL;
}

/* One of before, with that URL. */
static struct entry *find_taken(struct ice_servers *servers, const struct ice_server_url *url)
{
    for (int i = 0; i < servers->count; i++) {
        struct entry *entry = &servers->entries[i];
        if (entry->is_taken && entry->type == url->type && entry->transport == transport_of(url) &&
            entry->port == url->port && span_is_string(url->host, entry->host))
            return entry;
    }
    return NULL;
}

void ice_servers_take(struct ice_servers *servers, const char *url, const char *user,
                      const char *pass)
{
    struct ice_server_url parsed;
    const char *why = ice_server_url_parse(url, &parsed);
    struct entry *entry = why ? NULL : find_taken(servers, &parsed);
    if (entry && entry->type == ICE_SERVER_TURN) {
        free(entry->user);
        free_secret_string(entry->pass);
        entry->user = xstrdup(user ? user : "");
        entry->pass = xstrdup(pass ? pass : "");
    } else if (!entry && ice_servers_add(servers, url, user, pass, &why) == 0) {
        servers->entries[servers->count - 1].is_taken = true;
        tell_watches(servers);
    }
}

bool ice_servers_has_turn(const struct ice_servers *servers)
{
    for (int i = 0; servers && i < servers->count; i++) {
        if (servers->entries[i].type == ICE_SERVER_TURN)
            return true;
    }
    return false;
}

/* Of the family IPv6 also the one of IPv4, where a NAT64 leads to it: no DNS64
 * is asked for a literal. len 0: none. */
static struct address address_of(const struct ice_servers *servers, int index)
{
    const struct address *addresses = servers->entries[index / FAMILIES].addresses;
    const struct ice_nat64 *prefix = &servers->nat64.prefix;
    bool is_known = addresses[index % FAMILIES].len > 0;
    if (is_known || index % FAMILIES == 0 || addresses[0].len == 0 || prefix->len == 0)
        return addresses[index % FAMILIES];
    struct ice_address ipv4 = ice_from_sockaddr(&addresses[0]);
    struct ice_address translated = ice_nat64_translate(prefix, &ipv4);
    return ice_to_sockaddr(&translated);
}

int ice_servers_get(const struct ice_servers *servers, struct ice_server *out, int max)
{
    int count = 0;
    for (int i = 0; i < servers->count * FAMILIES && count < max; i++) {
        const struct entry *entry = &servers->entries[i / FAMILIES];
        struct address address = address_of(servers, i);
        if (address.len > 0)
            out[count++] = (struct ice_server){
                .index = i,
                .host = entry->host,
                .type = entry->type,
                .transport = entry->transport,
                .address = address,
                .user = entry->user,
                .pass = entry->pass,
            };
    }
    return count;
}

void ice_servers_give(const struct ice_servers *servers, struct ice_agent *agent,
                      bool has[ICE_ADDRESSES_MAX], uint64_t now_us)
{
    struct ice_server found[ICE_ADDRESSES_MAX];
    int count = ice_servers_get(servers, found, ICE_ADDRESSES_MAX);
    ice_agent_set_nat64(agent, &servers->nat64.prefix, now_us);
    for (int i = 0; i < count; i++) {
        const struct ice_server *s = &found[i];
        struct ice_agent_server server = {
            .is_turn = s->type == ICE_SERVER_TURN,
            .transport = s->transport,
            .address = ice_from_sockaddr(&s->address),
            .host = s->host,
            .user = s->user,
            .pass = s->pass,
        };
        if (!has[s->index])
            ice_agent_add_server(agent, &server, now_us); /* -ENOSPC: both caps are the same */
        else if (server.is_turn)
            ice_agent_renew_server(agent, &server);
        has[s->index] = true;
    }
}

bool ice_servers_is_pending(const struct ice_servers *servers)
{
    for (int i = 0; i < servers->count; i++) {
        if (!servers->entries[i].has_answer)
            return true;
    }
    return nat64_search_is_pending(&servers->nat64);
}

void ice_servers_watch(struct ice_servers *servers, struct ice_servers_watch *watch)
{
    list_append(&servers->watches, &watch->link);
}

void ice_servers_unwatch(struct ice_servers_watch *watch)
{
    list_remove(&watch->link);
}

struct ice_budget *ice_servers_budget(struct ice_servers *servers)
{
    return &servers->budget;
}

struct ice_mappings *ice_servers_mappings(struct ice_servers *servers)
{
    return &servers->mappings;
}

const struct tls_client *ice_servers_tls(struct ice_servers *servers)
{
    if (!servers->tls) {
        int error = tls_client_new(NULL, false, &servers->tls);
        assert(error == 0); /* only a ca_file can be wrong */
        (void)error;
        tls_client_set_plain(servers->tls, "turn:");
    }
    return servers->tls;
}
