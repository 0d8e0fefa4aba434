/*
 * One agent against a peer played by hand: what it answers to requests that
 * are wrong, who may nominate how, whose data it takes, what it does with
 * answers from the wrong place.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "ice/agent.h"
#include "ice/stun_auth.h"

#define REMOTE_PWD "remotepasswordremotepass"

static const struct ice_address local_address = {.family = ICE_FAMILY_4,
                                                 .port = 4000,
                                                 .ip = {192, 0, 2, 1}};
static const struct ice_address peer_address = {.family = ICE_FAMILY_4,
                                                .port = 5000,
                                                .ip = {192, 0, 2, 2}};
static const struct ice_address other_address = {.family = ICE_FAMILY_4,
                                                 .port = 6000,
                                                 .ip = {192, 0, 2, 3}};

struct sent {
    struct ice_address to;
    uint8_t bytes[STUN_MESSAGE_MAX];
    size_t len;
};

struct rig {
    struct ice_agent *a;
    int base;
    int second_base; /* where there is one */
    bool sent_by_second;
    uint64_t now_us;
    struct sent sent[64];
    int sent_count;
    int taken;      /* of them, by next_sent() */
    int refuse;     /* errno for everything sent */
    int routes;     /* on_route calls */
    bool has_ended; /* no more candidates */
    char candidates[1024];
    int resolve_id; /* of the last name asked for */
    enum ice_state state;
    char text[ICE_REPORT_MAX];
    uint64_t serial;
    uint32_t priority; /* of the peer's checks; 0: a host's */
    /* Of the peer's checks; "": the agent's newest, and the peer's first. */
    char local_ufrag[ICE_UFRAG_LEN + 1];
    char local_pwd[ICE_PWD_LEN + 1];
    const char *remote_ufrag;
};

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
                                                   on_resolve,  NULL,         NULL};

static void rig_init(struct rig *r, bool is_controlling)
{
    struct ice_agent_config config = {.is_controlling = is_controlling, .seed = {42}};
    *r = (struct rig){.now_us = 1000000};
    r->a = ice_agent_new(&config, &handlers, r);
    r->base = ice_agent_add_interface(r->a, &local_address, "eth0", false, r->now_us);
    ice_agent_gather(r->a, false, r->now_us);
    assert_int_equal(ice_agent_set_remote(r->a, "peer", REMOTE_PWD, r->now_us), 0);
}

static void run(struct rig *r, uint64_t for_us)
{
    uint64_t until_us = r->now_us + for_us;
    while (ice_agent_deadline(r->a) <= until_us) {
        uint64_t deadline_us = ice_agent_deadline(r->a);
        r->now_us = deadline_us > r->now_us ? deadline_us : r->now_us;
        ice_agent_on_deadline(r->a, r->now_us);
    }
    r->now_us = until_us;
}

/* The next message that the agent sent; false when there is none. */
static bool next_sent(struct rig *r, struct stun_message *m, struct ice_address *to)
{
    if (r->taken == r->sent_count)
        return false;
    const struct sent *s = &r->sent[r->taken++];
    *to = s->to;
    assert_int_equal(stun_decode(span_of(s->bytes, s->len), m), (int)s->len);
    assert_true(m->fingerprint_at && stun_check_fingerprint(m));
    return true;
}

static void forget_sent(struct rig *r)
{
    r->sent_count = 0;
    r->taken = 0;
}

static void receive(struct rig *r, const struct ice_address *from, struct span bytes)
{
    struct span data;
    struct guard g = guard_new(bytes.data, bytes.len);
    assert_false(ice_agent_receive(r->a, r->base, from, g.bytes, r->now_us, &data));
    guard_free(&g);
}

enum {
    NO_USER = 1,
    WRONG_USER = 2,
    WRONG_KEY = 4,
    NO_INTEGRITY = 8,
    NO_PRIORITY = 16,
    UNKNOWN = 32,
    USE_CANDIDATE = 64,
    CONTROLLED = 128,
    NO_FINGERPRINT = 256,
    LOW_TIE_BREAKER = 512,
};

/* A check of the peer, right or wrong. Controlling unless CONTROLLED. */
static void send_check(struct rig *r, const struct ice_address *from, unsigned flags)
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

/* Answers a check of the agent's. */
static void answer(struct rig *r, const struct stun_message *m, const struct ice_address *from,
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

/* Answers every request to that address that is waiting; returns how many
 * carried USE-CANDIDATE. */
static int answer_all(struct rig *r, const struct ice_address *from)
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

static void add_remote(struct rig *r, const char *line)
{
    assert_int_equal(ice_agent_add_remote(r->a, span_from_string(line), r->now_us), 0);
}

static void test_wrong_requests(void **state)
{
    (void)state;
    static const struct {
        unsigned flags;
        int code; /* 0: a success */
        bool is_signed;
    } cases[] = {
        {0, 0, true},
        {NO_INTEGRITY, STUN_BAD_REQUEST, false},
        {WRONG_KEY, STUN_UNAUTHENTICATED, false},
        {UNKNOWN, STUN_UNKNOWN_ATTRIBUTE, true},
        {NO_PRIORITY, STUN_BAD_REQUEST, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;
        struct stun_message m;
        struct ice_address to;
        struct ice_address mapped;
        struct span reason;
        rig_init(&r, false);
        send_check(&r, &peer_address, cases[i].flags);
        assert_true(next_sent(&r, &m, &to));
        assert_true(ice_address_is_equal(&to, &peer_address));
        assert_int_equal(m.class, cases[i].code ? STUN_ERROR : STUN_SUCCESS);
        assert_int_equal(m.integrity_at != 0, cases[i].is_signed);
        if (cases[i].is_signed)
            assert_true(stun_check_integrity(&m, span_from_string(ice_agent_local_pwd(r.a))));
        if (cases[i].code) {
            assert_int_equal(stun_find_error(&m, &reason), cases[i].code);
        } else {
            assert_true(stun_find_address(&m, STUN_XOR_MAPPED_ADDRESS, &mapped));
            assert_true(ice_address_is_equal(&mapped, &peer_address));
        }
        /* Only a good check triggers one back. */
        run(&r, 100 * US_PER_MS);
        assert_int_equal(next_sent(&r, &m, &to), cases[i].code == 0);
        ice_agent_free(r.a, r.now_us);
    }
}

static void test_silence(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, false);
    send_check(&r, &peer_address, NO_FINGERPRINT);
    /* Without our ufrag nobody learns that there is an agent. */
    send_check(&r, &peer_address, NO_USER);
    send_check(&r, &peer_address, WRONG_USER);
    send_check(&r, &peer_address, WRONG_USER | WRONG_KEY);
    send_check(&r, &peer_address, NO_USER | NO_INTEGRITY);
    receive(&r, &peer_address, SPAN_LITERAL(""));
    receive(&r, &peer_address, SPAN_LITERAL("\0\1"));
    receive(&r, &peer_address, SPAN_LITERAL("\x17 data of a stranger"));
    receive(&r, &peer_address, SPAN_LITERAL("\x40\0\0\1x"));
    receive(&r, &peer_address, SPAN_LITERAL("GET / HTTP/1.1\r\n"));
    run(&r, US_PER_S);
    assert_int_equal(r.sent_count, 0);
    ice_agent_free(r.a, r.now_us);
}

/* Controlled: the first check of all nominates already (RFC 5245). Of two
 * pairs the one with the higher priority counts, in whatever order. */
static void test_aggressive(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct rig r;
        rig_init(&r, false);
        add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
        add_remote(&r, "candidate:2 1 udp 1694498815 192.0.2.3 6000 typ srflx");
        send_check(&r, order ? &other_address : &peer_address, USE_CANDIDATE);
        send_check(&r, order ? &peer_address : &other_address, USE_CANDIDATE);
        for (int i = 0; i < 6; i++) {
            run(&r, 10 * US_PER_MS);
            struct stun_message m;
            struct ice_address to;
            while (next_sent(&r, &m, &to)) {
                if (m.class == STUN_REQUEST)
                    answer(&r, &m, &to, REMOTE_PWD);
            }
        }
        assert_int_equal(r.state, ICE_CONNECTED);
        assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
        ice_agent_free(r.a, r.now_us);
    }
}

/* Controlled: a peer that nominates regularly may change its mind, also for
 * a pair of less priority. Not nominated is used at once all the same. */
static void test_late_switching(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, false);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    add_remote(&r, "candidate:2 1 udp 1694498815 192.0.2.3 6000 typ srflx");
    send_check(&r, &other_address, 0);
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &other_address);
    assert_int_equal(r.state, ICE_CONNECTED);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &other_address));
    send_check(&r, &peer_address, 0);
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &peer_address);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
    for (int i = 0; i < 3; i++) {
        send_check(&r, &other_address, USE_CANDIDATE);
        assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &other_address));
        send_check(&r, &other_address, USE_CANDIDATE); /* sent again: nothing new */
        send_check(&r, &peer_address, USE_CANDIDATE);
        assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
    }
    ice_agent_free(r.a, r.now_us);
}

/* Controlling: the check first, USE-CANDIDATE in a second one. */
static void test_regular_nomination(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_int_equal(r.sent_count, 1);
    assert_int_equal(answer_all(&r, &peer_address), 0);
    assert_int_equal(r.state, ICE_CONNECTED); /* data may flow already */
    assert_int_equal(answer_all(&r, &peer_address), 1);
    run(&r, 3 * US_PER_S);
    assert_int_equal(r.sent_count, 0);
    ice_agent_free(r.a, r.now_us);
}

/* Controlling: USE-CANDIDATE waits a moment for the better pair, which then
 * does not come; when it comes later it is nominated as well. */
static void test_nomination_waits(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    add_remote(&r, "candidate:2 1 udp 1694498815 192.0.2.3 6000 typ srflx");
    run(&r, 10 * US_PER_MS);
    assert_int_equal(answer_all(&r, &other_address), 0);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &other_address));
    run(&r, ICE_NOMINATE_US - 20 * US_PER_MS);
    assert_int_equal(answer_all(&r, &other_address), 0);
    run(&r, 40 * US_PER_MS);
    assert_int_equal(answer_all(&r, &other_address), 1);
    run(&r, 3 * US_PER_S); /* the better one is still being checked */
    answer_all(&r, &peer_address);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
    run(&r, 10 * US_PER_MS);
    assert_int_equal(answer_all(&r, &peer_address), 1);
    ice_agent_free(r.a, r.now_us);
}

static void test_role_conflicts(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool is_controlling = i & 1;
        bool is_stronger = i & 2; /* our tie-breaker */
        struct rig r;
        struct stun_message m;
        struct ice_address to;
        struct span reason;
        rig_init(&r, is_controlling);
        send_check(&r, &peer_address,
                   (is_controlling ? 0 : CONTROLLED) | (is_stronger ? LOW_TIE_BREAKER : 0));
        assert_true(next_sent(&r, &m, &to));
        /* RFC 8445 section 7.3.1.1: the larger one controls; who is right
         * says 487, who is wrong changes. */
        assert_int_equal(ice_agent_is_controlling(r.a), is_stronger);
        int code = stun_find_error(&m, &reason);
        assert_int_equal(code, is_controlling == is_stronger ? STUN_ROLE_CONFLICT : 0);
        ice_agent_free(r.a, r.now_us);
    }
}

/* 487 to our check: the same pair again in the other role. */
static void test_told_of_conflict(void **state)
{
    (void)state;
    struct rig r;
    struct stun_message m;
    struct ice_address to;
    struct span value;
    uint8_t bytes[STUN_MESSAGE_MAX];
    struct stun_writer w;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_true(next_sent(&r, &m, &to));
    assert_true(stun_find(&m, STUN_ICE_CONTROLLING, &value));
    stun_begin(&w, bytes, sizeof bytes, STUN_ERROR, STUN_BINDING, m.id);
    stun_put_error(&w, STUN_ROLE_CONFLICT);
    stun_put_integrity(&w, span_from_string(REMOTE_PWD));
    stun_put_fingerprint(&w);
    receive(&r, &peer_address, stun_bytes(&w));
    run(&r, 10 * US_PER_MS);
    assert_false(ice_agent_is_controlling(r.a));
    assert_true(next_sent(&r, &m, &to));
    assert_true(stun_find(&m, STUN_ICE_CONTROLLED, &value));
    ice_agent_free(r.a, r.now_us);
}

/* Answers with a wrong password, or from another address. */
static void test_wrong_answers(void **state)
{
    (void)state;
    struct rig r;
    struct stun_message m;
    struct ice_address to;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_true(next_sent(&r, &m, &to));
    answer(&r, &m, &peer_address, "guess");
    assert_int_equal(r.state, ICE_CHECKING);
    answer(&r, &m, &other_address, REMOTE_PWD);
    assert_int_equal(r.state, ICE_CHECKING);
    char report[ICE_REPORT_MAX];
    assert_non_null(strstr(ice_agent_report(r.a, report), "answered from another address"));
    /* It is too late now. */
    answer(&r, &m, &peer_address, REMOTE_PWD);
    assert_int_equal(r.state, ICE_CHECKING);
    ice_agent_free(r.a, r.now_us);
}

/* A triggered check replaces the one under way, whose answer still counts. */
static void test_answer_to_replaced_check(void **state)
{
    (void)state;
    struct rig r;
    struct stun_message first;
    struct stun_message m;
    struct ice_address to;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_true(next_sent(&r, &first, &to));
    send_check(&r, &peer_address, CONTROLLED);
    run(&r, 10 * US_PER_MS);
    assert_true(next_sent(&r, &m, &to)); /* the answer */
    assert_true(next_sent(&r, &m, &to)); /* the triggered check */
    assert_int_equal(m.class, STUN_REQUEST);
    assert_memory_not_equal(m.id, first.id, STUN_ID_LEN);
    answer(&r, &first, &peer_address, REMOTE_PWD);
    assert_int_equal(r.state, ICE_CONNECTED);
    ice_agent_free(r.a, r.now_us);
}

/* Retransmissions at 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s; failed at 23.5 s. */
static void test_retransmissions(void **state)
{
    (void)state;
    static const uint64_t at_ms[] = {0, 500, 1500, 3500, 7500, 15500};
    struct rig r;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    ice_agent_end_remote(r.a, r.now_us);
    uint64_t begun_us = r.now_us;
    run(&r, 0);
    for (int i = 0; i < 6; i++) {
        run(&r, begun_us + at_ms[i] * US_PER_MS - r.now_us);
        assert_int_equal(r.sent_count, i + 1);
        run(&r, 400 * US_PER_MS);
        assert_int_equal(r.sent_count, i + 1);
        if (i > 0)
            assert_memory_equal(r.sent[i].bytes, r.sent[0].bytes, r.sent[0].len);
    }
    run(&r, begun_us + 23400 * US_PER_MS - r.now_us);
    assert_int_equal(r.state, ICE_CHECKING);
    run(&r, 200 * US_PER_MS);
    assert_int_equal(r.state, ICE_FAILED);
    assert_string_equal(r.text,
                        "host 192.0.2.1:4000 -> host 192.0.2.2:5000: no answer to 6 checks");
    ice_agent_free(r.a, r.now_us);
}

static int sent_to(const struct rig *r, int last_byte)
{
    int count = 0;
    for (int i = 0; i < r->sent_count; i++)
        count += r->sent[i].to.ip[3] == last_byte;
    return count;
}

/* With a peer that proposes no Ta, or another: so far apart are the checks,
 * and none is sent again before all have had their turn. */
static void test_pacing(void **state)
{
    (void)state;
    static const struct {
        uint64_t proposed_ms;
        uint64_t ms;
    } cases[] = {{1, 5}, {5, 5}, {20, 20}, {0, 50}, {100000, 500}};
    enum { PAIRS = 12 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;
        uint64_t ta_us = cases[i].ms * US_PER_MS;
        /* Of strangers, as these are, no more than their budget says. */
        uint64_t unheard_us = ta_us < ICE_UNHEARD_US ? ICE_UNHEARD_US : ta_us;
        uint64_t least_us = PAIRS * unheard_us < ICE_RTO_US ? ICE_RTO_US : PAIRS * unheard_us;
        rig_init(&r, true);
        ice_agent_set_remote_pacing(r.a, cases[i].proposed_ms * US_PER_MS);
        uint64_t begun_us = r.now_us;
        for (int k = 0; k < PAIRS; k++) { /* the first is checked at once */
            char line[96];
            snprintf(line, sizeof line, "candidate:%d 1 udp %d 192.0.2.%d 5000 typ host", k,
                     2000 - k, 100 + k);
            add_remote(&r, line);
        }
        for (int k = 1; k < PAIRS; k++) {
            run(&r, begun_us + (uint64_t)k * ta_us - 1 - r.now_us);
            assert_int_equal(sent_to(&r, 100 + k), 0);
            run(&r, 1);
            assert_int_equal(sent_to(&r, 100 + k), 1);
        }
        run(&r, least_us - 1);
        assert_int_equal(sent_to(&r, 100 + PAIRS - 1), 1);
        run(&r, 1);
        assert_int_equal(sent_to(&r, 100 + PAIRS - 1), 2);
        ice_agent_free(r.a, r.now_us);
    }
}

/* Who has answered once is no stranger any more: his other ports, and those of
 * his next generation, are checked as fast as was agreed. */
static void test_pacing_of_who_answers(void **state)
{
    (void)state;
    enum { PORTS = 40 };
    struct rig r;
    rig_init(&r, true);
    ice_agent_set_remote_pacing(r.a, ICE_TA_US);
    for (int generation = 0; generation < 2; generation++) {
        add_remote(&r, "candidate:1 1 udp 1000 192.0.2.2 5000 typ host");
        run(&r, 10 * US_PER_MS);
        answer_all(&r, &peer_address);
        assert_int_equal(r.state, ICE_CONNECTED);
        forget_sent(&r);
        for (int i = 0; i < PORTS; i++) {
            char line[96];
            snprintf(line, sizeof line, "candidate:%d 1 udp %d 192.0.2.2 %d typ host", 2 + i,
                     2000 + i, 6000 + i);
            add_remote(&r, line);
        }
        run(&r, (PORTS + 2) * ICE_TA_US);
        assert_in_range(sent_to(&r, 2), PORTS, PORTS + 2);
        forget_sent(&r);
        ice_agent_restart(r.a, r.now_us);
        assert_int_equal(ice_agent_set_remote(r.a, "fresh", REMOTE_PWD, r.now_us), 0);
    }
    ice_agent_free(r.a, r.now_us);
}

/* The text stays within its bound, and says what it leaves out. */
static void test_long_report(void **state)
{
    (void)state;
    struct rig r;
    char text[ICE_REPORT_MAX];
    int said = 0;
    int more = 0;
    rig_init(&r, true);
    for (int k = 0; k < 40; k++) {
        char line[96];
        snprintf(line, sizeof line, "candidate:%d 1 udp %d 192.0.2.%d 5000 typ host", k, 2000 - k,
                 100 + k);
        add_remote(&r, line);
    }
    assert_in_range(strlen(ice_agent_report(r.a, text)), ICE_REPORT_MAX - 128, ICE_REPORT_MAX - 1);
    for (const char *at = text; (at = strstr(at, " -> ")); at++)
        said++;
    /* The best first. */
    assert_non_null(strstr(text, "host 192.0.2.1:4000 -> host 192.0.2.100:5000: "));
    const char *end = strstr(text, "; and ");
    assert_non_null(end);
    assert_int_equal(sscanf(end, "; and %d more", &more), 1);
    assert_int_equal(said + more, 40);
    assert_string_equal(end + strlen(end) - 5, " more");
    ice_agent_free(r.a, r.now_us);
}

/* The system knows no way there: said at once, not after 23 s. */
static void test_unreachable(void **state)
{
    (void)state;
    struct rig r;
    char report[ICE_REPORT_MAX];
    rig_init(&r, true);
    r.refuse = ENETUNREACH;
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_non_null(strstr(ice_agent_report(r.a, report), "Network is unreachable"));
    /* Patience all the same: the peer may find a way to us. */
    assert_int_equal(r.state, ICE_CHECKING);
    r.refuse = EAGAIN; /* no room just now is no reason */
    add_remote(&r, "candidate:2 1 udp 2130706431 192.0.2.3 6000 typ host");
    run(&r, 10 * US_PER_MS);
    assert_non_null(
        strstr(ice_agent_report(r.a, report), "to 1 checks, 1 of them not sent: Resource"));
    r.refuse = 0;
    run(&r, US_PER_S);
    assert_non_null(strstr(ice_agent_report(r.a, report),
                           "no answer yet to 2 checks, 1 of them not sent: Resource"));
    ice_agent_free(r.a, r.now_us);
}

/* Data is taken from whom the other side has told of, not from strangers. */
static void test_whose_data(void **state)
{
    (void)state;
    struct rig r;
    struct span data;
    struct span packet = SPAN_LITERAL("\x17 data");
    rig_init(&r, true);
    assert_false(ice_agent_receive(r.a, r.base, &peer_address, packet, r.now_us, &data));
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    assert_true(ice_agent_receive(r.a, r.base, &peer_address, packet, r.now_us, &data));
    assert_ptr_equal(data.data, packet.data); /* not copied */
    assert_false(ice_agent_receive(r.a, r.base, &other_address, packet, r.now_us, &data));
    assert_false(ice_agent_receive(r.a, 23, &peer_address, packet, r.now_us, &data));
    ice_agent_free(r.a, r.now_us);
}

/* A server whose name nobody answers for is waited for like one that does not
 * answer itself, not longer. */
static void test_end_without_names(void **state)
{
    (void)state;
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}};
    for (int is_answered = 0; is_answered < 2; is_answered++) {
        struct rig r = {.now_us = 1000000};
        r.a = ice_agent_new(&config, &handlers, &r);
        r.base = ice_agent_add_interface(r.a, &local_address, "eth0", false, r.now_us);
        ice_agent_gather(r.a, true, r.now_us);
        run(&r, ICE_GATHER_PATIENCE_US - 1);
        assert_false(r.has_ended);
        if (is_answered)
            ice_agent_end_servers(r.a, r.now_us);
        else
            run(&r, 1);
        assert_true(r.has_ended);
        ice_agent_free(r.a, r.now_us);
    }
}

/* Nothing has come by signalling yet, but who checks us knows our password.
 * What it sends is let in; so it is in a restart that is not answered yet. */
static void test_early_data(void **state)
{
    (void)state;
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}};
    struct span data;
    struct span packet = SPAN_LITERAL("\x16 hello");
    struct rig r = {.now_us = 1000000};
    r.a = ice_agent_new(&config, &handlers, &r);
    r.base = ice_agent_add_interface(r.a, &local_address, "eth0", false, r.now_us);
    ice_agent_gather(r.a, false, r.now_us);
    for (int generation = 0; generation < 2; generation++) {
        const struct ice_address *from = generation == 0 ? &peer_address : &other_address;
        assert_false(ice_agent_receive(r.a, r.base, from, packet, r.now_us, &data));
        send_check(&r, from, CONTROLLED | WRONG_KEY);
        assert_false(ice_agent_receive(r.a, r.base, from, packet, r.now_us, &data));
        send_check(&r, from, CONTROLLED);
        assert_true(ice_agent_receive(r.a, r.base, from, packet, r.now_us, &data));
        assert_int_equal(ice_agent_set_remote(r.a, "peer", REMOTE_PWD, r.now_us), 0);
        assert_true(ice_agent_receive(r.a, r.base, from, packet, r.now_us, &data));
        ice_agent_restart(r.a, r.now_us);
    }
    ice_agent_free(r.a, r.now_us);
}

/* Of more early checks than are kept the most urgent are. */
static void test_many_early_checks(void **state)
{
    (void)state;
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}};
    struct rig r = {.now_us = 1000000};
    r.a = ice_agent_new(&config, &handlers, &r);
    r.base = ice_agent_add_interface(r.a, &local_address, "eth0", false, r.now_us);
    ice_agent_gather(r.a, false, r.now_us);
    for (int i = 0; i < ICE_EARLY_CHECKS_MAX + 4; i++) {
        struct ice_address from = ice_address_v4(192, 0, 2, (uint8_t)(100 + i), 5000);
        r.priority = 1000 + (uint32_t)i;
        send_check(&r, &from, CONTROLLED);
    }
    forget_sent(&r);
    assert_int_equal(ice_agent_set_remote(r.a, "peer", REMOTE_PWD, r.now_us), 0);
    run(&r, 400 * US_PER_MS);
    for (int i = 0; i < ICE_EARLY_CHECKS_MAX + 4; i++)
        assert_int_equal(sent_to(&r, 100 + i), i >= 4);
    ice_agent_free(r.a, r.now_us);
}

/* A check teaches us an address on one interface before signalling brings it:
 * it is then paired with the other interfaces too. */
static void test_learned_then_signalled(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, false);
    r.second_base = ice_agent_add_interface(r.a, &other_address, "eth1", false, r.now_us);
    assert_true(r.second_base > 0);
    send_check(&r, &peer_address, 0);
    run(&r, 100 * US_PER_MS);
    assert_false(r.sent_by_second);
    add_remote(&r, "candidate:1 1 udp 2122252543 192.0.2.2 5000 typ host");
    run(&r, 100 * US_PER_MS);
    assert_true(r.sent_by_second);
    ice_agent_free(r.a, r.now_us);
}

/* The same where signalling brought it before, but by a name that is known
 * only now. */
static void test_learned_then_resolved(void **state)
{
    (void)state;
    struct rig r;
    struct ice_path path;
    rig_init(&r, false);
    add_remote(&r, "candidate:1 1 udp 2122252543 browser.local 5000 typ host");
    assert_true(r.resolve_id > 0);
    send_check(&r, &peer_address, USE_CANDIDATE);
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &peer_address);
    assert_true(ice_agent_path(r.a, &path));
    assert_int_equal(path.remote_type, ICE_CANDIDATE_PRFLX);
    ice_agent_resolved(r.a, r.resolve_id, &peer_address, r.now_us);
    assert_true(ice_agent_path(r.a, &path));
    assert_int_equal(path.remote_type, ICE_CANDIDATE_HOST);
    run(&r, 100 * US_PER_MS);
    assert_int_equal(r.sent_count, 0); /* no second pair of the same two */
    ice_agent_free(r.a, r.now_us);
}

/* What is in use already and then called a relay by signalling is one: the
 * owner is told, and direct ways are looked for again. */
static void test_learned_then_signalled_as_relay(void **state)
{
    (void)state;
    struct rig r;
    struct ice_path path;
    rig_init(&r, false);
    add_remote(&r, "candidate:2 1 udp 1694498815 192.0.2.3 6000 typ srflx");
    ice_agent_end_remote(r.a, r.now_us);
    run(&r, 24 * US_PER_S); /* in vain, so it is forgotten but for relays */
    forget_sent(&r);
    send_check(&r, &peer_address, USE_CANDIDATE);
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &peer_address);
    assert_true(ice_agent_path(r.a, &path));
    assert_false(path.is_relayed);
    assert_int_equal(r.routes, 1);
    add_remote(&r, "candidate:1 1 udp 33562367 192.0.2.2 5000 typ relay");
    assert_int_equal(r.routes, 2);
    assert_true(ice_agent_path(r.a, &path));
    assert_true(path.is_relayed);
    assert_true(ice_address_is_equal(&ice_agent_route(r.a)->remote, &peer_address));
    forget_sent(&r);
    int other = 0;
    for (int s = 0; s < 25; s++) { /* consent is answered meanwhile */
        run(&r, US_PER_S);
        other += sent_to(&r, other_address.ip[3]);
        answer_all(&r, &peer_address);
    }
    assert_true(other > 0);
    assert_int_equal(r.routes, 2);
    ice_agent_free(r.a, r.now_us);
}

/* Consent: every 5 s give or take a fifth, each request with its own id. */
static void test_consent_interval(void **state)
{
    (void)state;
    struct rig r;
    uint8_t last_id[STUN_ID_LEN] = {0};
    uint64_t last_us = 0;
    rig_init(&r, true);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    for (int i = 0; i < 3; i++) {
        run(&r, 10 * US_PER_MS);
        answer_all(&r, &peer_address);
    }
    for (int i = 0; i < 50; i++) {
        struct stun_message m;
        struct ice_address to;
        while (r.sent_count == 0)
            run(&r, 10 * US_PER_MS);
        assert_int_equal(r.sent_count, 1);
        assert_true(next_sent(&r, &m, &to));
        assert_memory_not_equal(m.id, last_id, STUN_ID_LEN);
        memcpy(last_id, m.id, STUN_ID_LEN);
        if (last_us)
            assert_in_range(r.now_us - last_us, 3990 * US_PER_MS, 6020 * US_PER_MS);
        last_us = r.now_us;
        answer(&r, &m, &peer_address, REMOTE_PWD);
        forget_sent(&r);
    }
    ice_agent_free(r.a, r.now_us);
}

static bool is_answered(struct rig *r, const struct ice_address *from)
{
    struct stun_message m;
    struct ice_address to;
    forget_sent(r);
    send_check(r, from, 0);
    return next_sent(r, &m, &to) && m.class == STUN_SUCCESS && ice_address_is_equal(&to, from);
}

/* One side of a restart has the other's new credentials before that has its
 * own. Who checks from a new address meanwhile gets no answer: it would send
 * its data from there, where we do not let it in. */
static void test_checks_amid_a_restart(void **state)
{
    (void)state;
    struct rig r;
    struct span data;
    rig_init(&r, false);
    add_remote(&r, "candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host");
    run(&r, 10 * US_PER_MS);
    answer_all(&r, &peer_address);
    r.remote_ufrag = "fresh"; /* its offer is still under way */
    assert_true(is_answered(&r, &peer_address));
    assert_false(is_answered(&r, &other_address));

    snprintf(r.local_ufrag, sizeof r.local_ufrag, "%s", ice_agent_local_ufrag(r.a));
    snprintf(r.local_pwd, sizeof r.local_pwd, "%s", ice_agent_local_pwd(r.a));
    ice_agent_restart(r.a, r.now_us);
    assert_int_equal(ice_agent_set_remote(r.a, "fresh", REMOTE_PWD, r.now_us), 0);
    assert_true(is_answered(&r, &peer_address)); /* our answer is under way */
    assert_false(is_answered(&r, &other_address));
    r.remote_ufrag = "peer"; /* the path of before */
    assert_true(is_answered(&r, &peer_address));
    assert_false(is_answered(&r, &other_address));
    assert_false(
        ice_agent_receive(r.a, r.base, &other_address, SPAN_LITERAL("\x16x"), r.now_us, &data));

    r.local_ufrag[0] = r.local_pwd[0] = '\0'; /* both have both */
    r.remote_ufrag = "fresh";
    assert_true(is_answered(&r, &other_address));
    assert_true(
        ice_agent_receive(r.a, r.base, &other_address, SPAN_LITERAL("\x16x"), r.now_us, &data));
    ice_agent_free(r.a, r.now_us);
}

/* A STUN server answers the last request of the agent. */
static void answer_probe(struct rig *r, struct ice_address mapped)
{
    struct stun_message m;
    struct ice_address to;
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    run(r, 100000);
    bool is_asked = false;
    while (next_sent(r, &m, &to) && !(is_asked = ice_address_is_equal(&to, &other_address))) {
    }
    assert_true(is_asked);
    stun_begin(&w, data, sizeof data, STUN_SUCCESS, STUN_BINDING, m.id);
    stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &mapped);
    stun_put_fingerprint(&w);
    receive(r, &other_address, stun_bytes(&w));
}

static int count_srflx(const struct rig *r, const char *address)
{
    char *wanted = xasprintf(" %s typ srflx", address);
    int count = 0;
    for (const char *at = r->candidates; (at = strstr(at, wanted)) != NULL; at++)
        count++;
    free(wanted);
    return count;
}

/* A server's word is kept for the next agent, as long as the NAT keeps ports;
 * what the server says then counts. */
static void test_mappings(void **state)
{
    (void)state;
    struct ice_mappings mappings = {0};
    const struct ice_agent_server server = {.address = other_address};
    const struct {
        int guesses;
        uint16_t port; /* that the server sees, of 4000 */
    } agents[] = {{0, 4000}, {1, 4000}, {1, 9999}, {0, 4000}};
    for (size_t i = 0; i < sizeof agents / sizeof *agents; i++) {
        struct ice_agent_config config = {.seed = {42}, .mappings = &mappings};
        struct rig r = {.now_us = 1000000};
        char told[32];
        r.a = ice_agent_new(&config, &handlers, &r);
        r.base = ice_agent_add_interface(r.a, &local_address, "eth0", false, r.now_us);
        assert_int_equal(ice_agent_add_server(r.a, &server, r.now_us), 0);
        ice_agent_gather(r.a, false, r.now_us);
        assert_int_equal(count_srflx(&r, "203.0.113.7 4000"), agents[i].guesses);
        answer_probe(&r, ice_address_v4(203, 0, 113, 7, agents[i].port));
        snprintf(told, sizeof told, "203.0.113.7 %u", agents[i].port);
        assert_int_equal(count_srflx(&r, told), 1); /* and not once more */
        assert_true(r.has_ended);
        ice_agent_free(r.a, r.now_us);
    }
}

static void test_mappings_are_bounded(void **state)
{
    (void)state;
    struct ice_mappings mappings = {0};
    struct ice_address got;
    for (int i = 0; i <= ICE_MAPPINGS_MAX; i++) {
        struct ice_address local = ice_address_v4(10, 0, 0, (uint8_t)i, 4000);
        struct ice_address mapped = ice_address_v4(203, 0, 113, (uint8_t)i, 4000);
        ice_mappings_note(&mappings, &local, &other_address, &mapped);
    }
    assert_int_equal(mappings.count, ICE_MAPPINGS_MAX);
    struct ice_address first = ice_address_v4(10, 0, 0, 0, 5000);
    struct ice_address second = ice_address_v4(10, 0, 0, 1, 5000);
    assert_false(ice_mappings_guess(&mappings, &first, &other_address, &got));
    assert_true(ice_mappings_guess(&mappings, &second, &other_address, &got));
    struct ice_address expected = ice_address_v4(203, 0, 113, 1, 5000);
    assert_true(ice_address_is_equal(&got, &expected));
    assert_false(ice_mappings_guess(&mappings, &second, &peer_address, &got));
}

static void test_credentials(void **state)
{
    (void)state;
    struct rig r;
    char longest[ICE_PWD_MAX + 2];
    rig_init(&r, false);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(strlen(ice_agent_local_ufrag(r.a)), ICE_UFRAG_LEN);
    assert_int_equal(strlen(ice_agent_local_pwd(r.a)), ICE_PWD_LEN);
    assert_int_equal(ice_agent_set_remote(r.a, "", "pwd", r.now_us), -EINVAL);
    assert_int_equal(ice_agent_set_remote(r.a, "ufrag", "", r.now_us), -EINVAL);
    assert_int_equal(ice_agent_set_remote(r.a, "ufrag", longest, r.now_us), -EINVAL);
    assert_int_equal(ice_agent_set_remote(r.a, "peer", REMOTE_PWD, r.now_us), 0);
    assert_int_equal(ice_agent_set_remote(r.a, "another", REMOTE_PWD, r.now_us), 1);
    ice_agent_restart(r.a, r.now_us);
    assert_int_equal(ice_agent_set_remote(r.a, "third", REMOTE_PWD, r.now_us), 0);
    ice_agent_free(r.a, r.now_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_requests),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_aggressive),
        cmocka_unit_test(test_late_switching),
        cmocka_unit_test(test_regular_nomination),
        cmocka_unit_test(test_nomination_waits),
        cmocka_unit_test(test_role_conflicts),
        cmocka_unit_test(test_told_of_conflict),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_answer_to_replaced_check),
        cmocka_unit_test(test_retransmissions),
        cmocka_unit_test(test_pacing),
        cmocka_unit_test(test_pacing_of_who_answers),
        cmocka_unit_test(test_long_report),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_whose_data),
        cmocka_unit_test(test_end_without_names),
        cmocka_unit_test(test_early_data),
        cmocka_unit_test(test_many_early_checks),
        cmocka_unit_test(test_learned_then_signalled),
        cmocka_unit_test(test_learned_then_resolved),
        cmocka_unit_test(test_learned_then_signalled_as_relay),
        cmocka_unit_test(test_consent_interval),
        cmocka_unit_test(test_mappings),
        cmocka_unit_test(test_mappings_are_bounded),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_checks_amid_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
