/*
 * A STUN and TURN server (RFC 8656) of the simulated internet, with the
 * faults that struct sim_server asks for. Strict where a real one is: no
 * permission, no relaying; a wrong nonce is stale; a channel number belongs to
 * one peer.
 */
#include <stdio.h>

#include "sim_internal.h"

#include "base/bytes.h"
#include "ice/stun_auth.h"
#include "ice/turn_frame.h"

#define PERMISSION_US (300 * US_PER_S)
#define CHANNEL_US    (600 * US_PER_S)

struct sim_server *sim_add_server(struct sim *s, struct ice_address address)
{
    assert_true(s->server_count < SIM_SERVERS);
    struct sim_server_node *n = &s->servers[s->server_count++];
    *n = (struct sim_server_node){.address = address,
                                  .next_port = (uint16_t)(50000 + s->server_count * 1000)};
    n->config.is_turn = true;
    return &n->config;
}

struct sim_server_node *sim_server_node(struct sim *s, const struct ice_address *address)
{
    for (int i = 0; i < s->server_count; i++) {
        if (ice_address_is_equal(&s->servers[i].address, address))
            return &s->servers[i];
    }
    return NULL;
}

bool sim_server_owns(const struct sim_server_node *n, const struct ice_address *a)
{
    return ice_address_is_same_ip(&n->address, a);
}

void sim_restart_server(struct sim *s, struct sim_server *server)
{
    struct sim_server_node *n = (struct sim_server_node *)(void *)server;
    for (int i = 0; i < SIM_ALLOCATIONS; i++) {
        struct sim_allocation *al = &n->allocations[i];
        if (al->is_used && al->peer) {
            struct sim_event *e = sim_event_new(s, SIM_CLOSED, (struct span){0});
            e->peer = al->peer;
            e->base = al->base;
            sim_schedule(s, e, s->delay_us);
        }
        al->is_used = false;
    }
    n->config.allocations = 0;
    n->realm_name += n->config.restarts_renamed;
}

void sim_forget_channels(struct sim_server *server)
{
    struct sim_server_node *n = (struct sim_server_node *)(void *)server;
    for (int i = 0; i < SIM_ALLOCATIONS; i++)
        n->allocations[i].peer_count = 0;
}

/* Where a request came from: an address, or a stream of a peer. */
struct client {
    struct sim *sim;
    struct sim_server_node *node;
    struct ice_address address;
    struct sim_peer *peer;
    int base;
};

static void reply(const struct client *c, struct span bytes)
{
    if (!c->peer) {
        sim_send(c->sim, SIM_PUBLIC, &c->node->address, &c->address, bytes);
        return;
    }
    struct sim_event *e = sim_event_new(c->sim, SIM_STREAM, bytes);
    e->peer = c->peer;
    e->base = c->base;
    sim_schedule(c->sim, e, c->sim->delay_us);
}

static struct sim_allocation *find_allocation(const struct client *c)
{
    for (int i = 0; i < SIM_ALLOCATIONS; i++) {
        struct sim_allocation *a = &c->node->allocations[i];
        if (a->is_used && c->sim->now_us >= a->until_us) {
            a->is_used = false;
            c->node->config.allocations--;
        }
        if (a->is_used && a->peer == c->peer &&
            (c->peer ? a->base == c->base : ice_address_is_equal(&a->client, &c->address)))
            return a;
    }
    return NULL;
}

static void nonce_text(const struct sim_server_node *n, char out[32])
{
    snprintf(out, 32, "nonce-%d", n->nonce);
}

static void realm_text(const struct sim_server_node *n, char out[32])
{
    snprintf(out, 32, "realm%d.example", n->realm_name);
}

static void begin(struct stun_writer *w, uint8_t *data, const struct stun_message *m, bool ok)
{
    stun_begin(w, data, STUN_MESSAGE_MAX, ok ? STUN_SUCCESS : STUN_ERROR,
               (enum stun_method)m->method, m->id);
}

static void refuse(const struct client *c, const struct stun_message *m, int code)
{
    uint8_t data[STUN_MESSAGE_MAX];
    char text[32];
    struct stun_writer w;
    struct sim_server_node *n = c->node;
    n->config.mismatches += code == STUN_ALLOCATION_MISMATCH;
    begin(&w, data, m, false);
    stun_put_error(&w, (enum stun_code)code);
    if (code == STUN_UNAUTHENTICATED || code == STUN_STALE_NONCE) {
        if (n->config.change_realm)
            n->realm_name++;
        realm_text(n, text);
        stun_put(&w, STUN_REALM, span_from_string(text));
        nonce_text(n, text);
        stun_put(&w, STUN_NONCE, span_from_string(text));
    }
    if (code == STUN_TRY_ALTERNATE)
        stun_put_address(&w, STUN_ALTERNATE_SERVER, &n->config.redirect);
    stun_put_fingerprint(&w);
    reply(c, stun_bytes(&w));
}

/* 0, or the code to refuse with. key is set when a user was named. */
static int authenticate(const struct client *c, const struct stun_message *m, uint8_t key[16])
{
    struct sim_server_node *n = c->node;
    struct span user;
    struct span realm;
    struct span nonce;
    char text[32];
    if (n->config.nonce_us && c->sim->now_us >= n->nonce_us + n->config.nonce_us) {
        n->nonce++;
        n->nonce_us = c->sim->now_us;
    }
    if (!m->integrity_at)
        return STUN_UNAUTHENTICATED;
    if (!stun_find(m, STUN_USERNAME, &user) || !stun_find(m, STUN_REALM, &realm) ||
        !stun_find(m, STUN_NONCE, &nonce))
        return STUN_BAD_REQUEST;
    realm_text(n, text);
    if (n->config.restarts_renamed && !span_is_string(realm, text))
        return m->method == STUN_ALLOCATE ? STUN_ALLOCATION_MISMATCH : STUN_WRONG_CREDENTIALS;
    nonce_text(n, text);
    if (!span_is_string(nonce, text)) {
        n->config.stale_nonces++;
        return STUN_STALE_NONCE;
    }
    realm_text(n, text);
    stun_long_term_key(user, span_from_string(text), SPAN_LITERAL("secret"), key);
    if (!span_is_string(user, "user") || !stun_check_integrity(m, span_of(key, 16)))
        return STUN_UNAUTHENTICATED;
    return 0;
}

static void grant(const struct client *c, struct stun_writer *w, const uint8_t key[16])
{
    stun_put_integrity(w, span_of(key, 16));
    stun_put_fingerprint(w);
    reply(c, stun_bytes(w));
}

static uint32_t lifetime_s(const struct sim_server_node *n)
{
    return n->config.lifetime_s ? n->config.lifetime_s : TURN_LIFETIME_S;
}

static struct sim_allocation *make_allocation(const struct client *c, const uint8_t *id)
{
    struct sim_server_node *n = c->node;
    int i = 0;
    while (n->allocations[i].is_used)
        assert_true(++i < SIM_ALLOCATIONS);
    struct sim_allocation *a = &n->allocations[i];
    *a = (struct sim_allocation){.is_used = true,
                                 .client = c->address,
                                 .peer = c->peer,
                                 .base = c->base,
                                 .relayed = n->address};
    memcpy(a->id, id, STUN_ID_LEN);
    a->relayed.port = n->next_port++;
    n->config.allocations++;
    n->config.allocates++;
    return a;
}

static void on_allocate(const struct client *c, const struct stun_message *m, const uint8_t key[16])
{
    struct sim_server_node *n = c->node;
    uint32_t transport;
    if (n->config.redirect.family) {
        refuse(c, m, STUN_TRY_ALTERNATE);
        return;
    }
    if (n->config.refuse_allocate) {
        n->config.refused++;
        refuse(c, m, n->config.refuse_allocate);
        return;
    }
    if (!stun_find_u32(m, STUN_REQUESTED_TRANSPORT, &transport) || transport >> 24 != 17) {
        refuse(c, m, STUN_BAD_REQUEST);
        return;
    }
    struct sim_allocation *a = find_allocation(c);
    if (a && memcmp(a->id, m->id, STUN_ID_LEN) != 0) {
        refuse(c, m, STUN_ALLOCATION_MISMATCH);
        return;
    }
    if (!a)
        a = make_allocation(c, m->id);
    a->until_us = c->sim->now_us + lifetime_s(n) * US_PER_S;
    if (n->config.is_silent)
        return;
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    begin(&w, data, m, true);
    stun_put_address(&w, STUN_XOR_RELAYED_ADDRESS, &a->relayed);
    stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &c->address);
    stun_put_u32(&w, STUN_LIFETIME, lifetime_s(n));
    grant(c, &w, key);
}

static void on_refresh(const struct client *c, const struct stun_message *m,
                       struct sim_allocation *a, const uint8_t key[16])
{
    uint32_t wanted = TURN_LIFETIME_S;
    stun_find_u32(m, STUN_LIFETIME, &wanted);
    uint32_t lifetime = wanted < lifetime_s(c->node) ? wanted : lifetime_s(c->node);
    c->node->config.refreshes++;
    a->until_us = c->sim->now_us + lifetime * US_PER_S;
    if (lifetime == 0) {
        a->is_used = false;
        c->node->config.allocations--;
    }
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    begin(&w, data, m, true);
    stun_put_u32(&w, STUN_LIFETIME, lifetime);
    grant(c, &w, key);
}

static void on_channel_bind(const struct client *c, const struct stun_message *m,
                            struct sim_allocation *a, const uint8_t key[16])
{
    uint32_t number;
    struct ice_address peer;
    c->node->config.channel_binds++;
    if (c->node->config.refuse_channel) {
        refuse(c, m, c->node->config.refuse_channel);
        return;
    }
    if (!stun_find_u32(m, STUN_CHANNEL_NUMBER, &number) ||
        !stun_find_address(m, STUN_XOR_PEER_ADDRESS, &peer) || number >> 16 < 0x4000 ||
        number >> 16 > 0x4fff) {
        refuse(c, m, STUN_BAD_REQUEST);
        return;
    }
    int i = sim_allocation_bind(a, &peer, (uint16_t)(number >> 16), c->sim->now_us);
    if (i < 0) {
        refuse(c, m, STUN_BAD_REQUEST);
        return;
    }
    a->peers[i].until_us = c->sim->now_us + CHANNEL_US;
    a->peers[i].permitted_us = c->sim->now_us + PERMISSION_US;
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    begin(&w, data, m, true);
    grant(c, &w, key);
}

/* To the peer, which may be another allocation here. */
static void relay_out(const struct client *c, const struct sim_allocation *a,
                      const struct ice_address *peer, struct span data)
{
    if (!sim_allocation_permits(a, peer, c->sim->now_us))
        return;
    c->node->config.relayed++;
    sim_send(c->sim, SIM_PUBLIC, &a->relayed, peer, data);
}

static void on_channel_data(const struct client *c, struct span frame)
{
    uint16_t channel;
    struct span data;
    struct sim_allocation *a = find_allocation(c);
    if (!a || turn_channel_decode(frame, &channel, &data) <= 0)
        return;
    for (int i = 0; i < a->peer_count; i++) {
        if (a->peers[i].channel == channel && c->sim->now_us < a->peers[i].until_us)
            relay_out(c, a, &a->peers[i].peer, data);
    }
}

static void on_send_indication(const struct client *c, const struct stun_message *m)
{
    struct ice_address peer;
    struct span data;
    struct sim_allocation *a = find_allocation(c);
    if (a && stun_find_address(m, STUN_XOR_PEER_ADDRESS, &peer) &&
        stun_find(m, STUN_DATA_VALUE, &data))
        relay_out(c, a, &peer, data);
}

static void on_turn_request(const struct client *c, const struct stun_message *m)
{
    uint8_t key[16];
    int code = authenticate(c, m, key);
    if (code) {
        refuse(c, m, code);
        return;
    }
    if (m->method == STUN_ALLOCATE) {
        on_allocate(c, m, key);
        return;
    }
    struct sim_allocation *a = find_allocation(c);
    if (!a)
        refuse(c, m, STUN_ALLOCATION_MISMATCH);
    else if (m->method == STUN_REFRESH)
        on_refresh(c, m, a, key);
    else if (m->method == STUN_CHANNEL_BIND)
        on_channel_bind(c, m, a, key);
    else
        refuse(c, m, STUN_BAD_REQUEST);
}

static void on_binding(const struct client *c, const struct stun_message *m)
{
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    if (c->node->config.refuse_binding) {
        refuse(c, m, c->node->config.refuse_binding);
        return;
    }
    begin(&w, data, m, true);
    stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &c->address);
    reply(c, stun_bytes(&w));
}

static void on_message(const struct client *c, struct span bytes)
{
    struct stun_message m;
    if (c->node->config.is_dead)
        return;
    if (ice_packet_class(bytes) == ICE_PACKET_CHANNEL) {
        on_channel_data(c, bytes);
        return;
    }
    assert_int_equal(stun_decode(bytes, &m), (int)bytes.len); /* ours are well-formed */
    assert_true(stun_check_fingerprint(&m));
    if (m.class == STUN_INDICATION && m.method == STUN_SEND) {
        on_send_indication(c, &m);
    } else if (m.class == STUN_REQUEST && m.method == STUN_BINDING) {
        on_binding(c, &m);
    } else if (m.class == STUN_REQUEST && c->node->config.is_turn) {
        on_turn_request(c, &m);
    }
}

/* From a peer, to a relayed address. */
static void relay_in(struct sim *s, struct sim_server_node *n, struct sim_allocation *a,
                     const struct sim_event *e)
{
    uint8_t data[STUN_MESSAGE_MAX + 64] = {0};
    struct client c = {s, n, a->client, a->peer, a->base};
    if (n->config.is_dead || s->now_us >= a->until_us ||
        !sim_allocation_permits(a, &e->src, s->now_us))
        return;
    n->config.relayed++;
    for (int i = 0; i < a->peer_count; i++) {
        if (!ice_address_is_equal(&a->peers[i].peer, &e->src) || s->now_us >= a->peers[i].until_us)
            continue;
        turn_channel_encode(a->peers[i].channel, (uint16_t)e->len, data);
        memcpy(data + 4, e->bytes, e->len);
        size_t padding = a->peer ? turn_channel_padding(e->len) : 0;
        reply(&c, span_of(data, 4 + e->len + padding));
        return;
    }
    static const uint8_t id[STUN_ID_LEN] = {1};
    struct stun_writer w;
    stun_begin(&w, data, STUN_MESSAGE_MAX, STUN_INDICATION, STUN_DATA, id);
    stun_put_address(&w, STUN_XOR_PEER_ADDRESS, &e->src);
    stun_put(&w, STUN_DATA_VALUE, span_of(e->bytes, e->len));
    reply(&c, stun_bytes(&w));
}

void sim_server_receive(struct sim *s, struct sim_server_node *n, struct sim_event *e)
{
    if (e->kind == SIM_STREAM) {
        struct client c = {
            s, n, {.family = ICE_FAMILY_4, .port = 9, .ip = {198, 51, 100, 9}}, e->peer, e->base};
        size_t at = 0;
        while (at < e->len) {
            struct span frame;
            int used = turn_stream_decode(span_of(e->bytes + at, e->len - at), &frame);
            assert_true(used > 0); /* the client writes whole frames */
            on_message(&c, frame);
            at += (size_t)used;
        }
        return;
    }
    struct client c = {s, n, e->src, NULL, 0};
    if (e->dst.port == n->address.port) {
        on_message(&c, span_of(e->bytes, e->len));
        return;
    }
    for (int i = 0; i < SIM_ALLOCATIONS; i++) {
        struct sim_allocation *a = &n->allocations[i];
        if (a->is_used && ice_address_is_equal(&a->relayed, &e->dst))
            relay_in(s, n, a, e);
    }
}
