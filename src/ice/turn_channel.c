/*
 * Channels: a number for each peer, bound by one request and refreshed every
 * 4 minutes while wanted. A number that was bound must not go to another peer
 * before 10 minutes of life and 5 of grace are over (RFC 8656 section 12).
 */
#include <errno.h>

#include "base/bytes.h"
#include "ice/turn_frame.h"
#include "ice/turn_internal.h"

#define CHANNEL_REUSE_US (15 * 60 * US_PER_S)

static struct turn_channel *find_peer(struct turn_client *t, const struct ice_address *peer)
{
    for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
        if (t->channels[i].number && ice_address_is_equal(&t->channels[i].peer, peer))
            return &t->channels[i];
    }
    return NULL;
}

const struct turn_channel *turn_channels_find_number(const struct turn_client *t, uint16_t number)
{
    for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
        if (number && t->channels[i].number == number)
            return &t->channels[i];
    }
    return NULL;
}

static void send_bind(struct turn_client *t, struct turn_channel *c)
{
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    stun_begin(&w, data, sizeof data, STUN_REQUEST, STUN_CHANNEL_BIND, c->request.transaction.id);
    stun_put_u32(&w, STUN_CHANNEL_NUMBER, (uint32_t)c->number << 16);
    stun_put_address(&w, STUN_XOR_PEER_ADDRESS, &c->peer);
    turn_auth_sign(&t->auth, &w, c->request.has_auth);
    t->handlers.on_send(t->arg, &t->server, stun_bytes(&w));
}

static void start_bind(struct turn_client *t, struct turn_channel *c, uint64_t now_us)
{
    stun_transaction_start(&c->request.transaction, t->random, ICE_RTO_US, t->transport != TURN_UDP,
                           now_us);
    c->request.has_auth = t->auth.is_known;
    send_bind(t, c);
}

/* A slot for a new peer: one never used, or one whose time is over; else that
 * of the peer whose time is over first, but with another number: should that
 * one be wanted again, the server refuses it until then. */
static struct turn_channel *take_slot(struct turn_client *t, uint64_t now_us)
{
    struct turn_channel *oldest = NULL;
    for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
        struct turn_channel *c = &t->channels[i];
        if (c->number == 0 && t->next_channel <= TURN_CHANNEL_LAST) {
            *c = (struct turn_channel){.number = t->next_channel++};
            return c;
        }
        if (c->number == 0 || c->is_wanted || c->request.transaction.is_active)
            continue;
        if (now_us >= c->free_us) {
            *c = (struct turn_channel){.number = c->number};
            return c;
        }
        if (!oldest || c->free_us < oldest->free_us)
            oldest = c;
    }
    if (!oldest || t->next_channel > TURN_CHANNEL_LAST)
        return NULL;
    *oldest = (struct turn_channel){.number = t->next_channel++};
    return oldest;
}

int turn_client_bind(struct turn_client *t, const struct ice_address *peer, uint64_t now_us)
{
    if (t->state != TURN_ALLOCATED)
        return -ENOTCONN;
    struct turn_channel *c = find_peer(t, peer);
    if (!c) {
        c = take_slot(t, now_us);
        if (!c)
            return -ENOSPC;
        c->peer = *peer;
        c->refresh_us = TIME_NEVER;
    }
    c->is_wanted = true;
    if (!c->is_bound && !c->request.transaction.is_active) {
        c->request.auth_tries = 0;
        start_bind(t, c, now_us);
    }
    return 0;
}

void turn_client_rebind(struct turn_client *t, const struct ice_address *peer)
{
    struct turn_channel *c = find_peer(t, peer);
    if (c && c->is_bound && !c->request.transaction.is_active)
        c->refresh_us = 0;
}

void turn_client_release(struct turn_client *t, const struct ice_address *peer)
{
    struct turn_channel *c = find_peer(t, peer);
    if (c)
        c->is_wanted = false;
}

uint16_t turn_client_channel(const struct turn_client *t, const struct ice_address *peer)
{
    for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
        const struct turn_channel *c = &t->channels[i];
        if (c->is_bound && ice_address_is_equal(&c->peer, peer))
            return c->number;
    }
    return 0;
}

/* Refused, or not answered: the channel is as good as gone. */
static void channel_fail(struct turn_client *t, struct turn_channel *c, int code)
{
    struct ice_address peer = c->peer;
    c->is_bound = false;
    c->is_wanted = false;
    c->refresh_us = TIME_NEVER;
    stun_transaction_stop(&c->request.transaction);
    t->handlers.on_channel(t->arg, &peer, code);
}

static void on_bound(struct turn_client *t, struct turn_channel *c, uint64_t now_us)
{
    bool was_bound = c->is_bound;
    stun_transaction_stop(&c->request.transaction);
    c->request.auth_tries = 0;
    c->is_bound = true;
    c->refresh_us = now_us + TURN_CHANNEL_REFRESH_US;
    c->free_us = now_us + CHANNEL_REUSE_US;
    struct ice_address peer = c->peer;
    if (!was_bound)
        t->handlers.on_channel(t->arg, &peer, 0);
}

/* False: the server has lost the allocation. */
static bool on_refused(struct turn_client *t, struct turn_channel *c, const struct stun_message *m,
                       uint64_t now_us)
{
    struct span reason;
    int code = stun_find_error(m, &reason);
    switch (turn_auth_on_error(&t->auth, &c->request, m, code)) {
    case TURN_AUTH_RETRY:
        start_bind(t, c, now_us);
        return true;
    case TURN_AUTH_WRONG:
    case TURN_AUTH_OTHER:
        break;
    }
    if (code == STUN_ALLOCATION_MISMATCH)
        return false;
    channel_fail(t, c, code ? code : -1);
    return true;
}

bool turn_channels_on_answer(struct turn_client *t, const struct stun_message *m, uint64_t now_us)
{
    for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
        struct turn_channel *c = &t->channels[i];
        if (!c->request.transaction.is_active || !stun_is_answer(m, c->request.transaction.id))
            continue;
        if (m->method != STUN_CHANNEL_BIND || !turn_auth_check(&t->auth, &c->request, m))
            return true;
        if (m->class != STUN_SUCCESS)
            return on_refused(t, c, m, now_us);
        on_bound(t, c, now_us);
        return true;
    }
    return true;
}

static void channel_on_deadline(struct turn_client *t, struct turn_channel *c, uint64_t now_us)
{
    switch (stun_transaction_poll(&c->request.transaction, now_us)) {
    case STUN_TIMER_SEND:
        send_bind(t, c);
        return;
    case STUN_TIMER_GIVE_UP:
        channel_fail(t, c, -1);
        return;
    case STUN_TIMER_WAIT:
        break;
    }
    if (now_us < c->refresh_us || c->request.transaction.is_active)
        return;
    c->refresh_us = TIME_NEVER;
    if (c->is_wanted)
        start_bind(t, c, now_us);
    else
        c->is_bound = false; /* it lives on at the server; we use it no more */
}

void turn_channels_on_deadline(struct turn_client *t, uint64_t now_us)
{
    for (int i = 0; i < TURN_CHANNELS_MAX && t->state == TURN_ALLOCATED; i++) {
        if (t->channels[i].number)
            channel_on_deadline(t, &t->channels[i], now_us);
    }
}

uint64_t turn_channels_deadline(const struct turn_client *t)
{
    uint64_t deadline = TIME_NEVER;
    for (int i = 0; i < TURN_CHANNELS_MAX; i++) {
        const struct turn_channel *c = &t->channels[i];
        if (!c->number)
            continue;
        uint64_t at = stun_transaction_deadline(&c->request.transaction);
        at = at < c->refresh_us ? at : c->refresh_us;
        deadline = at < deadline ? at : deadline;
    }
    return deadline;
}

/* Data without a channel goes as a Send indication (RFC 8656 section 11.1). */
static void send_indication(struct turn_client *t, const struct ice_address *peer, struct span data)
{
    uint8_t message[STUN_MESSAGE_MAX];
    uint8_t id[STUN_ID_LEN];
    struct stun_writer w;
    ice_random_bytes(t->random, id, sizeof id);
    stun_begin(&w, message, sizeof message, STUN_INDICATION, STUN_SEND, id);
    stun_put_address(&w, STUN_XOR_PEER_ADDRESS, peer);
    stun_put(&w, STUN_DATA_VALUE, data);
    if (!w.overflow)
        t->handlers.on_send(t->arg, &t->server, stun_bytes(&w));
}

void turn_client_send(struct turn_client *t, const struct ice_address *peer, struct span data)
{
    uint8_t message[TURN_CHANNEL_HEADER_LEN + STUN_MESSAGE_MAX + 3] = {0};
    uint16_t channel = turn_client_channel(t, peer);
    if (t->state != TURN_ALLOCATED || data.len > STUN_MESSAGE_MAX)
        return;
    if (!channel) {
        send_indication(t, peer, data);
        return;
    }
    turn_channel_encode(channel, (uint16_t)data.len, message);
    memcpy(message + TURN_CHANNEL_HEADER_LEN, data.data, data.len);
    size_t len = TURN_CHANNEL_HEADER_LEN + data.len;
    if (t->transport != TURN_UDP)
        len += turn_channel_padding(data.len);
    t->handlers.on_send(t->arg, &t->server, span_of(message, len));
}
