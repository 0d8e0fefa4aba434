/*
 * The allocation: asked for, refreshed a minute before it ends, given back
 * when no longer wanted. One request at a time; an error that is about
 * credentials sends it again (turn_auth.c), 300 moves to another server, any
 * other ends the allocation with a text.
 */
#include "ice/turn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "ice/turn_frame.h"
#include "ice/turn_internal.h"

enum { REQUESTED_UDP = 17 };

const char *turn_transport_name(enum turn_transport transport)
{
    static const char *const names[] = {"udp", "tcp", "tls"};
    return names[transport];
}

struct turn_client *turn_client_new(enum turn_transport transport, const struct ice_address *server,
                                    const char *user, const char *pass, struct ice_random *random,
                                    const struct turn_handlers *handlers, void *arg)
{
    struct turn_client *t = xcalloc(1, sizeof *t);
    t->transport = transport;
    t->server = t->home = *server;
    t->auth.user = xstrdup(user);
    t->auth.pass = xstrdup(pass);
    t->refresh_us = TIME_NEVER;
    t->next_channel = TURN_CHANNEL_FIRST;
    t->random = random;
    t->handlers = *handlers;
    t->arg = arg;
    return t;
}

void turn_client_free(struct turn_client *t)
{
    if (!t)
        return;
    free(t->auth.user);
    free_secret_string(t->auth.pass);
    free_secret(t, sizeof *t);
}

static enum stun_method method_of(const struct turn_client *t)
{
    return t->state == TURN_ALLOCATING ? STUN_ALLOCATE : STUN_REFRESH;
}

static void send_request(struct turn_client *t, uint32_t lifetime_s)
{
    enum stun_method method = method_of(t);
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    stun_begin(&w, data, sizeof data, STUN_REQUEST, method, t->request.transaction.id);
    if (method == STUN_ALLOCATE)
        stun_put_u32(&w, STUN_REQUESTED_TRANSPORT, (uint32_t)REQUESTED_UDP << 24);
    stun_put_u32(&w, STUN_LIFETIME, lifetime_s);
    turn_auth_sign(&t->auth, &w, t->request.has_auth);
    t->handlers.on_send(t->arg, &t->server, stun_bytes(&w));
}

static void resend_request(struct turn_client *t)
{
    send_request(t, t->state == TURN_CLEARING ? 0 : TURN_LIFETIME_S);
}

static void start_request(struct turn_client *t, uint64_t now_us)
{
    stun_transaction_start(&t->request.transaction, t->random, ICE_RTO_US, t->transport != TURN_UDP,
                           now_us);
    t->request.has_auth = t->auth.is_known;
    resend_request(t);
}

void turn_client_set_user(struct turn_client *t, const char *user, const char *pass)
{
    if (strcmp(t->auth.user, user) == 0 && strcmp(t->auth.pass, pass) == 0)
        return;
    free(t->auth.user);
    free_secret_string(t->auth.pass);
    t->auth.user = xstrdup(user);
    t->auth.pass = xstrdup(pass);
    t->auth.is_known = false;
}

void turn_client_start(struct turn_client *t, uint64_t now_us)
{
    t->state = TURN_ALLOCATING;
    t->has_cleared = false;
    t->request.auth_tries = 0;
    memset(t->channels, 0, sizeof t->channels);
    t->next_channel = TURN_CHANNEL_FIRST;
    t->refresh_us = TIME_NEVER;
    start_request(t, now_us);
}

void turn_client_refresh(struct turn_client *t)
{
    if (t->state == TURN_ALLOCATED && !t->request.transaction.is_active)
        t->refresh_us = 0;
}

bool turn_client_is_asking(const struct turn_client *t)
{
    return t->request.transaction.is_active || t->refresh_us == 0;
}

/* Who sent us elsewhere knows best where to go the next time. */
static void return_home(struct turn_client *t)
{
    t->redirects = 0;
    if (ice_address_is_equal(&t->server, &t->home))
        return;
    t->server = t->home;
    t->auth.is_known = false;
}

void turn_client_stop(struct turn_client *t)
{
    if (t->state == TURN_ALLOCATED) {
        ice_random_bytes(t->random, t->request.transaction.id, STUN_ID_LEN);
        t->request.has_auth = t->auth.is_known;
        send_request(t, 0);
    }
    stun_transaction_stop(&t->request.transaction);
    memset(t->channels, 0, sizeof t->channels);
    t->refresh_us = TIME_NEVER;
    t->state = TURN_IDLE;
    return_home(t);
}

/* Whoever answers the next time says anew which realm it is of: some refuse who
 * names another one with 437 or 441, in which theirs is not (coturn). code: as
 * on_failed has it. */
static void fail(struct turn_client *t, int code, const char *text)
{
    stun_transaction_stop(&t->request.transaction);
    memset(t->channels, 0, sizeof t->channels);
    t->refresh_us = TIME_NEVER;
    t->state = TURN_FAILED;
    t->auth.is_known = false;
    return_home(t);
    t->handlers.on_failed(t->arg, code, text);
}

static void on_lost(struct turn_client *t)
{
    fail(t, STUN_ALLOCATION_MISMATCH, "the server has lost the allocation");
}

/* A minute before the end; half-way for servers that give less than two. */
static void plan_refresh(struct turn_client *t, const struct stun_message *m, uint64_t now_us)
{
    uint32_t lifetime_s = TURN_LIFETIME_S;
    stun_find_u32(m, STUN_LIFETIME, &lifetime_s);
    uint64_t lifetime_us = lifetime_s * US_PER_S;
    uint64_t margin_us = TURN_REFRESH_MARGIN_US;
    if (lifetime_us < 2 * margin_us)
        margin_us = lifetime_us / 2;
    /* At least a second apart, lest a lifetime of 0 makes us spin. */
    uint64_t wait_us = lifetime_us - margin_us;
    t->refresh_us = now_us + (wait_us < US_PER_S ? US_PER_S : wait_us);
    t->expires_us = now_us + lifetime_us;
}

static void clear(struct turn_client *t, uint64_t now_us)
{
    t->has_cleared = true;
    t->state = TURN_CLEARING;
    start_request(t, now_us);
}

/* Whatever became of that: who may not clear it is told so by the Allocate. */
static void on_cleared(struct turn_client *t, uint64_t now_us)
{
    t->state = TURN_ALLOCATING;
    t->request.auth_tries = 0;
    start_request(t, now_us);
}

static void on_success(struct turn_client *t, const struct stun_message *m, uint64_t now_us)
{
    struct ice_address relayed;
    struct ice_address mapped = {0};
    if (t->state == TURN_CLEARING) {
        on_cleared(t, now_us);
        return;
    }
    if (t->state == TURN_ALLOCATED) {
        plan_refresh(t, m, now_us);
        return;
    }
    if (!stun_find_address(m, STUN_XOR_RELAYED_ADDRESS, &relayed)) {
        fail(t, 0, "the server's answer has no relayed address");
        return;
    }
    stun_find_address(m, STUN_XOR_MAPPED_ADDRESS, &mapped);
    t->state = TURN_ALLOCATED;
    plan_refresh(t, m, now_us);
    t->handlers.on_allocated(t->arg, &relayed, &mapped);
}

static void on_redirect(struct turn_client *t, const struct stun_message *m, uint64_t now_us)
{
    struct ice_address server;
    if (!stun_find_address(m, STUN_ALTERNATE_SERVER, &server) ||
        server.family != t->server.family || ice_address_is_unusable(&server) ||
        ++t->redirects > TURN_REDIRECTS_MAX) {
        fail(t, 0, "the server sends us elsewhere, without end or to nowhere");
        return;
    }
    t->server = server;
    t->auth.is_known = false;
    t->state = TURN_IDLE;
    t->handlers.on_redirect(t->arg, &server);
    if (t->transport == TURN_UDP && t->state == TURN_IDLE)
        turn_client_start(t, now_us);
}

static void on_error(struct turn_client *t, const struct stun_message *m, uint64_t now_us)
{
    char text[128];
    struct span reason = {0};
    int code = stun_find_error(m, &reason);
    switch (turn_auth_on_error(&t->auth, &t->request, m, code)) {
    case TURN_AUTH_RETRY:
        start_request(t, now_us);
        return;
    case TURN_AUTH_WRONG:
        t->auth.is_known = false;
        if (t->state == TURN_CLEARING)
            break;
        fail(t, 0, "the server refuses user or password");
        return;
    case TURN_AUTH_OTHER:
        break;
    }
    if (t->state == TURN_CLEARING) {
        on_cleared(t, now_us);
        return;
    }
    if (code == STUN_TRY_ALTERNATE && t->state == TURN_ALLOCATING) {
        on_redirect(t, m, now_us);
        return;
    }
    if (code == STUN_ALLOCATION_MISMATCH && t->state == TURN_ALLOCATED) {
        on_lost(t);
        return;
    }
    if (code == STUN_ALLOCATION_MISMATCH && !t->has_cleared) {
        clear(t, now_us);
        return;
    }
    snprintf(text, sizeof text, "the server refuses: %d %s", code, stun_code_name(code));
    fail(t, code, text);
}

static void on_answer(struct turn_client *t, const struct stun_message *m, uint64_t now_us)
{
    if (!t->request.transaction.is_active || !stun_is_answer(m, t->request.transaction.id)) {
        if (!turn_channels_on_answer(t, m, now_us))
            on_lost(t);
        return;
    }
    if (m->method != method_of(t) || m->unknown || !turn_auth_check(&t->auth, &t->request, m))
        return;
    stun_transaction_stop(&t->request.transaction);
    if (m->class == STUN_ERROR) {
        on_error(t, m, now_us);
        return;
    }
    t->request.auth_tries = 0;
    on_success(t, m, now_us);
}

bool turn_client_feed(struct turn_client *t, struct span frame, uint64_t now_us,
                      struct ice_address *peer, struct span *data)
{
    uint16_t channel;
    struct stun_message m;
    if (ice_packet_class(frame) == ICE_PACKET_CHANNEL) {
        if (turn_channel_decode(frame, &channel, data) <= 0)
            return false;
        const struct turn_channel *c = turn_channels_find_number(t, channel);
        if (c)
            *peer = c->peer;
        return c != NULL;
    }
    if (stun_decode(frame, &m) <= 0 || !stun_check_fingerprint(&m))
        return false;
    if (m.class == STUN_INDICATION)
        return m.method == STUN_DATA && t->state == TURN_ALLOCATED && !m.unknown &&
               stun_find_address(&m, STUN_XOR_PEER_ADDRESS, peer) &&
               stun_find(&m, STUN_DATA_VALUE, data);
    if (m.class != STUN_REQUEST)
        on_answer(t, &m, now_us);
    return false;
}

uint64_t turn_client_deadline(const struct turn_client *t)
{
    uint64_t deadline = stun_transaction_deadline(&t->request.transaction);
    deadline = deadline < t->refresh_us ? deadline : t->refresh_us;
    if (t->state == TURN_ALLOCATED) {
        uint64_t channels = turn_channels_deadline(t);
        deadline = deadline < channels ? deadline : channels;
    }
    return deadline;
}

void turn_client_on_deadline(struct turn_client *t, uint64_t now_us)
{
    switch (stun_transaction_poll(&t->request.transaction, now_us)) {
    case STUN_TIMER_SEND:
        resend_request(t);
        break;
    case STUN_TIMER_GIVE_UP:
        if (t->state == TURN_ALLOCATED && now_us < t->expires_us) {
            t->refresh_us = 0; /* a server that cannot be reached still has it */
            break;
        }
        fail(t, 0, "no answer");
        return;
    case STUN_TIMER_WAIT:
        break;
    }
    if (t->state != TURN_ALLOCATED)
        return;
    if (now_us >= t->refresh_us) {
        t->refresh_us = TIME_NEVER;
        t->request.auth_tries = 0;
        start_request(t, now_us);
    }
    turn_channels_on_deadline(t, now_us);
}

enum turn_state turn_client_state(const struct turn_client *t)
{
    return t->state;
}

enum turn_transport turn_client_transport(const struct turn_client *t)
{
    return t->transport;
}

const struct ice_address *turn_client_server(const struct turn_client *t)
{
    return &t->server;
}
