/*
 * The network: a datagram is an event that moves from hop to hop. In a realm
 * it either finds its destination or goes out through the realm's NAT.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sim_internal.h"

/* xorshift64*: enough for a network's whims. */
uint64_t sim_random(struct sim *s)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return s->random * UINT64_C(2685821657736338717);
}

struct sim *sim_new(uint64_t seed)
{
    static const uint8_t page[SIM_PAYLOAD];
    struct sim *s = xcalloc(1, sizeof *s);
    if (getenv("SIM_TRACE"))
        setvbuf(stdout, NULL, _IONBF, 0);
    s->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    s->guard = guard_new(page, sizeof page);
    s->now_us = 1000000;
    s->delay_us = 5000;
    s->signal_us = 20000;
    return s;
}

void sim_free(struct sim *s)
{
    for (int i = 0; i < s->peer_count; i++) {
        ice_agent_free(s->peers[i]->agent, s->now_us);
        free(s->peers[i]);
    }
    while (s->events) {
        struct sim_event *e = s->events;
        s->events = e->next;
        free(e);
    }
    guard_free(&s->guard);
    free(s);
}

void sim_set_refusing(struct sim *s, int permille)
{
    s->refusing_permille = permille;
}

void sim_set_link(struct sim *s, int loss_permille, uint64_t delay_us, uint64_t jitter_us)
{
    s->loss_permille = loss_permille;
    s->delay_us = delay_us;
    s->jitter_us = jitter_us;
}

void sim_set_signal_delay(struct sim *s, uint64_t delay_us)
{
    s->signal_us = delay_us;
}

int sim_add_nat(struct sim *s, int outer_realm, struct ice_address outer, enum sim_nat_kind kind,
                bool hairpin)
{
    assert_true(s->nat_count < SIM_NATS);
    s->nats[s->nat_count++] =
        (struct sim_nat){.outer_realm = outer_realm,
                         .outer = outer,
                         .kind = kind,
                         .hairpin = hairpin,
                         .next_port = (uint16_t)(20000 + s->nat_count * 1000)};
    return s->nat_count;
}

void sim_block_udp(struct sim *s, int realm, bool is_blocked)
{
    s->nats[realm - 1].is_udp_blocked = is_blocked;
}

void sim_reset_nat(struct sim *s, int realm)
{
    s->nats[realm - 1].mapping_count = 0;
    s->nats[realm - 1].next_port = (uint16_t)(s->nats[realm - 1].next_port + 500);
}

void sim_cut(struct sim *s, struct ice_address a, struct ice_address b, bool is_cut)
{
    if (is_cut) {
        assert_true(s->cut_count < SIM_CUTS);
        s->cuts[s->cut_count].a = a;
        s->cuts[s->cut_count++].b = b;
        return;
    }
    s->cut_count = 0;
}

static bool is_cut(const struct sim *s, const struct ice_address *x, const struct ice_address *y)
{
    for (int i = 0; i < s->cut_count; i++) {
        const struct ice_address *a = &s->cuts[i].a;
        const struct ice_address *b = &s->cuts[i].b;
        if ((ice_address_is_same_ip(a, x) && ice_address_is_same_ip(b, y)) ||
            (ice_address_is_same_ip(a, y) && ice_address_is_same_ip(b, x)))
            return true;
    }
    return false;
}

struct sim_event *sim_event_new(struct sim *s, enum sim_event_kind kind, struct span bytes)
{
    struct sim_event *e = xcalloc(1, sizeof *e);
    assert_true(bytes.len <= sizeof e->bytes);
    e->kind = kind;
    e->len = bytes.len;
    e->order = ++s->order;
    if (bytes.len > 0)
        memcpy(e->bytes, bytes.data, bytes.len);
    return e;
}

void sim_schedule(struct sim *s, struct sim_event *e, uint64_t after_us)
{
    struct sim_event **at = &s->events;
    e->at_us = s->now_us + after_us;
    while (*at && (*at)->at_us <= e->at_us)
        at = &(*at)->next;
    e->next = *at;
    *at = e;
}

/* One hop: may be lost, may overtake. */
static void hop(struct sim *s, struct sim_event *e)
{
    if (s->loss_permille > 0 && sim_random(s) % 1000 < (uint64_t)s->loss_permille) {
        free(e);
        return;
    }
    uint64_t jitter = s->jitter_us > 0 ? sim_random(s) % s->jitter_us : 0;
    sim_schedule(s, e, s->delay_us + jitter);
}

void sim_send(struct sim *s, int realm, const struct ice_address *src,
              const struct ice_address *dst, struct span bytes)
{
    struct sim_event *e = sim_event_new(s, SIM_DATAGRAM, bytes);
    e->realm = realm;
    e->from_realm = realm;
    e->src = *src;
    e->dst = *dst;
    hop(s, e);
}

static struct sim_mapping *find_outbound(struct sim_nat *n, const struct sim_event *e)
{
    for (int i = 0; i < n->mapping_count; i++) {
        struct sim_mapping *m = &n->mappings[i];
        if (ice_address_is_equal(&m->inner, &e->src) &&
            (n->kind != SIM_NAT_SYMMETRIC || ice_address_is_equal(&m->remote, &e->dst)))
            return m;
    }
    assert_true(n->mapping_count < SIM_MAPPINGS);
    struct sim_mapping *m = &n->mappings[n->mapping_count++];
    *m = (struct sim_mapping){.inner = e->src, .outer = n->outer, .remote = e->dst};
    m->outer.port = n->next_port;
    n->next_port = (uint16_t)(n->next_port + 7);
    return m;
}

static bool has_contacted(const struct sim_mapping *m, const struct ice_address *a, bool port)
{
    for (int i = 0; i < m->contacted_count; i++) {
        if (port ? ice_address_is_equal(&m->contacted[i], a)
                 : ice_address_is_same_ip(&m->contacted[i], a))
            return true;
    }
    return false;
}

static bool may_enter(const struct sim_nat *n, const struct sim_mapping *m,
                      const struct ice_address *src)
{
    return n->kind == SIM_NAT_FULL || has_contacted(m, src, n->kind != SIM_NAT_RESTRICTED);
}

/* From the inside out. */
static void leave(struct sim *s, struct sim_event *e)
{
    struct sim_nat *n = e->realm > 0 ? &s->nats[e->realm - 1] : NULL;
    if (!n || n->is_udp_blocked) {
        free(e);
        return;
    }
    bool is_hairpin = ice_address_is_same_ip(&e->dst, &n->outer);
    if (is_hairpin && !n->hairpin) {
        free(e);
        return;
    }
    struct sim_mapping *m = find_outbound(n, e);
    if (!has_contacted(m, &e->dst, true) && m->contacted_count < 24)
        m->contacted[m->contacted_count++] = e->dst;
    e->src = m->outer;
    e->from_realm = e->realm;
    e->realm = n->outer_realm;
    hop(s, e);
}

/* From the outside in: true when the datagram was for this NAT. */
static bool enter(struct sim *s, int realm, struct sim_event *e)
{
    struct sim_nat *n = &s->nats[realm - 1];
    if (n->outer_realm != e->realm || !ice_address_is_same_ip(&e->dst, &n->outer))
        return false;
    for (int i = 0; i < n->mapping_count; i++) {
        struct sim_mapping *m = &n->mappings[i];
        if (m->outer.port != e->dst.port || n->is_udp_blocked || !may_enter(n, m, &e->src))
            continue;
        e->dst = m->inner;
        e->from_realm = e->realm;
        e->realm = realm;
        hop(s, e);
        return true;
    }
    free(e);
    return true;
}

static bool deliver_to_socket(struct sim *s, struct sim_event *e)
{
    for (int i = 0; i < s->peer_count; i++) {
        struct sim_peer *p = s->peers[i];
        for (int base = 0; base < ICE_BASES_MAX; base++) {
            const struct sim_socket *k = &p->sockets[base];
            if (k->is_used && !k->is_stream && k->realm == e->realm &&
                ice_address_is_equal(&k->address, &e->dst)) {
                sim_peer_receive(p, base, e);
                free(e);
                return true;
            }
        }
    }
    return false;
}

void sim_deliver_datagram(struct sim *s, struct sim_event *e)
{
    if (is_cut(s, &e->src, &e->dst)) {
        free(e);
        return;
    }
    if (deliver_to_socket(s, e))
        return;
    for (int i = 0; e->realm == SIM_PUBLIC && i < s->server_count; i++) {
        if (sim_server_owns(&s->servers[i], &e->dst)) {
            sim_server_receive(s, &s->servers[i], e);
            free(e);
            return;
        }
    }
    for (int realm = 1; realm <= s->nat_count; realm++) {
        if (enter(s, realm, e))
            return;
    }
    leave(s, e);
}
