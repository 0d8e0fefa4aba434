/*
 * See agent_rig.h.
 */
#include "agent_rig.h"

#include <stdio.h>

#include "base/bytes.h"
#include "ice/stun_auth.h"

const struct ice_address local_address = {.family = ICE_FAMILY_4,
                                          .port = 4000,
                                          .ip = {192, 0, 2, 1}};
const struct ice_address peer_address = {.family = ICE_FAMILY_4,
                                         .port = 5000,
                                         .ip = {192, 0, 2, 2}};
const struct ice_address other_address = {.family = ICE_FAMILY_4,
                                          .port = 6000,
                                          .ip = {192, 0, 2, 3}};

static int on_datagram(void *arg, int base, const struct ice_address *remote, struct span bytes)
{
    struct rig *r = arg;
    if (r->second_base > 0 && base == r->second_base)
        r->sent_by_second = true;
    else
        assert_int_equal(base, r->base);
    if (r->refuse)
        return -r->refuse;
    assert_true(r->sent_count < 64);
    struct sent *s = &r->sent[r->sent_count++];
    s->to = *remote;
    s->len = bytes.len;
    memcpy(s->bytes, bytes.data, bytes.len);
    return 0;
}

static void on_candidate(void *arg, const char *line)
{
    struct rig *r = arg;
    size_t len = strlen(r->candidates);
    r->has_ended |= !line;
    snprintf(r->candidates + len, sizeof r->candidates - len, "%s\n", line ? line : "end");
}

static void on_state(void *arg, enum ice_state state, const char *text)
{
    struct rig *r = arg;
    r->state = state;
    snprintf(r->text, sizeof r->text, "%s", text);
}

static void on_route(void *arg)
{
    struct rig *r = arg;
    r->routes++;
}

static void on_open_base(void *arg, int base, const struct ice_agent_server *server)
{
    (void)arg;
    (void)base;
    (void)server;
    fail();
}

static void on_close_base(void *arg, int base)
{
    (void)arg;
    (void)base;
    fail();
}

static void on_resolve(void *arg, int id, const char *name)
{
    struct rig *r = arg;
    (void)name;
    r->resolve_id = id;
}

static const struct ice_agent_handlers handlers = {on_datagram, on_candidate, on_state,
                                                   on_route,    on_open_base, on_close_base,
                                                   on_resolve,  NULL,         NULL,
                                                   NULL};

void rig_begin(struct rig *r, const struct ice_agent_config *config)
{
    *r = (struct rig){.now_us = 1000000};
    r->a = ice_agent_new(config, &handlers, r);
    r->base = ice_agent_add_interface(r->a, &local_address, "eth0", false, r->now_us);
}

void rig_init(struct rig *r, bool is_controlling)
{
    rig_begin(r, &(struct ice_agent_config){.is_controlling = is_controlling, .seed = {42}});
    ice_agent_gather(r->a, false, r->now_us);
    assert_int_equal(ice_agent_set_remote(r->a, "peer", REMOTE_PWD, r->now_us), 0);
}

void run(struct rig *r, uint64_t for_us)
{
    uint64_t until_us = r->now_us + for_us;
    while (ice_agent_deadline(r->a) <= until_us) {
        uint64_t deadline_us = ice_agent_deadline(r->a);
        r->now_us = deadline_us > r->now_us ? deadline_us : r->now_us;
        ice_agent_on_deadline(r->a, r->now_us);
    }
    r->now_us = until_us;
}

bool next_sent(struct rig *r, struct stun_message *m, struct ice_address *to)
{
    if (r->taken == r->sent_count)
        return false;
    const struct sent *s = &r->sent[r->taken++];
    *to = s->to;
    assert_int_equal(stun_decode(span_of(s->bytes, s->len), m), (int)s->len);
    assert_true(m->fingerprint_at && stun_check_fingerprint(m));
    return true;
}

void forget_sent(struct rig *r)
{
    r->sent_count = 0;
    r->taken = 0;
}

int sent_to(const struct rig *r, int last_byte)
{
    int count = 0;
    for (int i = 0; i < r->sent_count; i++)
        count += r->sent[i].to.ip[3] == last_byte;
    return count;
}

void receive(struct rig *r, const struct ice_address *from, struct span bytes)
{
    struct span data;
    struct guard g = guard_new(bytes.data, bytes.len);
    assert_false(ice_agent_receive(r->a, r->base, from, g.bytes, r->now_us, &data));
    guard_free(&g);
}

void send_check(struct rig *r, const struct ice_address *from, unsigned flags)
{
    uint8_t bytes[STUN_MESSAGE_MAX];
    uint8_t id[STUN_ID_LEN] = {9};
    char user[64];
    struct stun_writer w;
    put_u64be(id + 4, ++r->serial);
    stun_begin(&w, bytes, sizeof bytes, STUN_REQUEST, STUN_BINDING, id);
    const char *ufrag = *r->local_ufrag ? r->local_ufrag : ice_agent_local_ufrag(r->a);
    const char *pwd = *r->local_pwd ? r->local_pwd : ice_agent_local_pwd(r->a);
    snprintf(user, sizeof user, "%s:%s", flags & WRONG_USER ? "stranger" : ufrag,
             r->remote_ufrag ? r->remote_ufrag : "peer");
    if (!(flags & NO_USER))
        stun_put(&w, STUN_USERNAME, span_from_string(user));
    if (!(flags & NO_PRIORITY))
        stun_put_u32(&w, STUN_PRIORITY, r->priority ? r->priority : 1845501695);
    stun_put_u64(&w, flags & CONTROLLED ? STUN_ICE_CONTROLLED : STUN_ICE_CONTROLLING,
                 flags & LOW_TIE_BREAKER ? 0 : UINT64_MAX);
    if (flags & USE_CANDIDATE)
        stun_put(&w, STUN_USE_CANDIDATE, (struct span){0});
    if (flags & UNKNOWN)
        stun_put(&w, (enum stun_attribute)0x7abc, SPAN_LITERAL("?"));
    if (!(flags & NO_INTEGRITY))
        stun_put_integrity(&w, span_from_string(flags & WRONG_KEY ? "guess" : pwd));
    if (!(flags & NO_FINGERPRINT))
        stun_put_fingerprint(&w);
    receive(r, from, stun_bytes(&w));
}

void answer(struct rig *r, const struct stun_message *m, const struct ice_address *from,
            const char *pwd)
{
    uint8_t bytes[STUN_MESSAGE_MAX];
    struct stun_writer w;
    stun_begin(&w, bytes, sizeof bytes, STUN_SUCCESS, STUN_BINDING, m->id);
    stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &local_address);
    stun_put_integrity(&w, span_from_string(pwd));
    stun_put_fingerprint(&w);
    receive(r, from, stun_bytes(&w));
}

int answer_all(struct rig *r, const struct ice_address *from)
{
    struct stun_message m;
    struct ice_address to;
    struct span value;
    int nominations = 0;
    int last = r->sent_count; /* not what the answers bring about */
    while (r->taken < last && next_sent(r, &m, &to)) {
        if (m.class != STUN_REQUEST || !ice_address_is_equal(&to, from))
            continue;
        nominations += stun_find(&m, STUN_USE_CANDIDATE, &value);
        answer(r, &m, from, REMOTE_PWD);
    }
    memmove(r->sent, r->sent + r->taken, (size_t)(r->sent_count - r->taken) * sizeof r->sent[0]);
    r->sent_count -= r->taken;
    r->taken = 0;
    return nominations;
}

void add_remote(struct rig *r, const char *line)
{
    assert_int_equal(ice_agent_add_remote(r->a, span_from_string(line), r->now_us), 0);
}
