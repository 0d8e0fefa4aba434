/*
 * A server is asked as soon as its name is looked up, and again every half
 * second until it answers: with the same transaction id, since it is the same
 * question.
 */
#include "rtc/nat_probe.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "ice/stun.h"
#include "ice/stun_auth.h"
#include "net/interfaces.h"
#include "net/udp.h"
#include "rtc/ice_address.h"
#include "rtc/ice_interfaces.h"

#define AGAIN_US (500 * US_PER_MS)

enum { NAMED = -1 };

struct question {
    struct nat_answer answer;
    int index; /* of struct ice_server; NAMED: a server has named it */
    uint8_t id[STUN_ID_LEN];
    uint64_t sent_us;
};

struct nat_probe {
    struct loop *loop;
    struct ice_servers *servers;
    struct ice_servers_watch watch;
    struct udp *sockets[2]; /* of IPv4, of IPv6; NULL: this machine has none */
    struct timer *timer;
    struct question questions[NAT_ANSWERS_MAX];
    size_t count;
    bool has_first;
    bool is_done;
    const struct nat_probe_handlers *handlers;
    void *arg;
};

static bool is_v6(const struct address *address)
{
    return address->storage.ss_family == AF_INET6;
}

static void send_request(const struct nat_probe *probe, const struct address *to,
                         const uint8_t id[STUN_ID_LEN])
{
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    struct udp *udp = probe->sockets[is_v6(to)];
    if (!udp)
        return;
    stun_begin(&w, data, sizeof data, STUN_REQUEST, STUN_BINDING, id);
    stun_put_fingerprint(&w);
    struct span bytes = stun_bytes(&w);
    udp_send(udp, bytes, bytes.len, to); /* no way there: no answer */
}

static void ask(const struct nat_probe *probe, struct question *q)
{
    if (q->answer.mapped.len > 0)
        return;
    q->sent_us = clock_now_us();
    send_request(probe, &q->answer.server, q->id);
}

static bool is_known(const struct nat_probe *probe, int index)
{
    for (size_t i = 0; i < probe->count; i++) {
        if (probe->questions[i].index == index)
            return true;
    }
    return false;
}

static void add_question(struct nat_probe *probe, const struct address *server, int index)
{
    struct question *q = &probe->questions[probe->count++];
    *q = (struct question){.answer.server = *server, .index = index};
    random_bytes(q->id, sizeof q->id);
    ask(probe, q);
}

/* Names that are looked up have precedence over those that servers name: of
 * these there is one, and room for all the others. */
static void ask_other(struct nat_probe *probe, const struct stun_message *m,
                      const struct address *server)
{
    struct ice_address other;
    if (is_known(probe, NAMED) || !stun_find_address(m, STUN_OTHER_ADDRESS, &other) ||
        other.port == 0 || ice_address_is_unusable(&other))
        return;
    struct address address = ice_to_sockaddr(&other);
    if (address.storage.ss_family == server->storage.ss_family &&
        !address_is_same_host(&address, server))
        add_question(probe, &address, NAMED);
}

static void ask_new(struct nat_probe *probe)
{
    struct ice_server found[ICE_ADDRESSES_MAX];
    int count = ice_servers_get(probe->servers, found, ICE_ADDRESSES_MAX);
    for (int i = 0; i < count; i++) {
        if (found[i].type != ICE_SERVER_STUN || is_known(probe, found[i].index))
            continue;
        add_question(probe, &found[i].address, found[i].index);
    }
}

static void end_when_done(struct nat_probe *probe)
{
    bool is_done = !ice_servers_is_pending(probe->servers);
    for (size_t i = 0; i < probe->count; i++)
        is_done = is_done && probe->questions[i].answer.mapped.len > 0;
    if (!is_done || probe->is_done || probe->count == 0)
        return;
    probe->is_done = true;
    timer_stop(probe->timer);
    probe->handlers->on_done(probe->arg);
}

static void on_servers(void *arg)
{
    struct nat_probe *probe = arg;
    ask_new(probe);
    end_when_done(probe);
}

static void on_again(void *arg)
{
    struct nat_probe *probe = arg;
    for (size_t i = 0; i < probe->count; i++)
        ask(probe, &probe->questions[i]);
    timer_start_in(probe->timer, AGAIN_US);
}

static void take(struct nat_probe *probe, struct question *q, const struct ice_address *mapped)
{
    struct address local;
    q->answer.mapped = ice_to_sockaddr(mapped);
    udp_local_address(probe->sockets[is_v6(&q->answer.server)], &local);
    q->answer.is_ours = address_port(&local) == address_port(&q->answer.mapped) &&
                        address_is_ours(&q->answer.mapped);
    q->answer.us = clock_now_us() - q->sent_us;
    if (!probe->has_first && probe->handlers->on_first)
        probe->handlers->on_first(&q->answer, probe->arg);
    probe->has_first = true;
    end_when_done(probe);
}

static void on_datagram(struct nat_probe *probe, struct span bytes)
{
    struct stun_message m;
    struct ice_address mapped;
    if (stun_decode(bytes, &m) <= 0 || m.class != STUN_SUCCESS || !stun_find_mapped(&m, &mapped))
        return;
    for (size_t i = 0; i < probe->count; i++) {
        struct question *q = &probe->questions[i];
        if (q->answer.mapped.len == 0 && stun_is_answer(&m, q->id)) {
            ask_other(probe, &m, &q->answer.server);
            take(probe, q, &mapped);
            return;
        }
    }
}

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    (void)from; /* the transaction id says whom it answers */
    while (bytes.len > 0)
        on_datagram(arg, udp_take_datagram(&bytes, segment));
}

static struct udp *open_socket(struct nat_probe *probe, const char *any)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct address local;
    struct udp *udp = NULL;
    address_parse(any, 0, &local);
    return udp_new(probe->loop, &local, &handlers, probe, &udp) == 0 ? udp : NULL;
}

static void seek_nat64(struct ice_servers *servers)
{
    struct ice_interfaces machine = {0};
    ice_interfaces_look(&machine);
    ice_servers_seek_nat64(servers, ice_interfaces_is_ipv6_only(&machine));
    ice_interfaces_deinit(&machine);
}

struct nat_probe *nat_probe_new(struct loop *loop, struct ice_servers *servers,
                                const struct nat_probe_handlers *handlers, void *arg)
{
    struct nat_probe *probe = xcalloc(1, sizeof *probe);
    probe->loop = loop;
    probe->servers = servers;
    probe->handlers = handlers;
    probe->arg = arg;
    probe->sockets[0] = open_socket(probe, "0.0.0.0");
    probe->sockets[1] = open_socket(probe, "::");
    probe->watch.on_change = on_servers;
    probe->watch.arg = probe;
    ice_servers_watch(servers, &probe->watch);
    seek_nat64(servers);
    probe->timer = timer_new(loop, on_again, probe);
    timer_start_in(probe->timer, AGAIN_US);
    ask_new(probe);
    return probe;
}

void nat_probe_free(struct nat_probe *probe)
{
    if (!probe)
        return;
    ice_servers_unwatch(&probe->watch);
    timer_free(probe->timer);
    for (int i = 0; i < 2; i++) {
        if (probe->sockets[i])
            udp_close(probe->sockets[i]);
    }
    free(probe);
}

size_t nat_probe_get(const struct nat_probe *probe, struct nat_answer out[NAT_ANSWERS_MAX])
{
    for (size_t i = 0; i < probe->count; i++)
        out[i] = probe->questions[i].answer;
    return probe->count;
}
