/*
 * One provider and two consumers, each with an invite of its own, in a shared
 * room whose server is hostile, as in sealed_sim_test.c: it says again what it
 * has heard, by anybody, to anybody. And it has got the second consumer's link:
 * at times a provider of its own is there, with that and another identity.
 *
 * Whatever is taken was said by a true one, to just this one, as that, and no
 * process takes it twice. In the quiet half of the seeds no process ends: then
 * no session that stands may be lost. Once the server is honest each consumer
 * has one session with the provider, and there are no others.
 *
 *   TEST_SEED=N   that seed alone, and what happens in it
 *   TEST_SEEDS=N  as many
 */
#include "crowd_internal.h"
#include "wires.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tunnel/sealed_talk.h"

enum { PROVIDER, FIRST, SECOND, STRANGER, MEMBERS, INVITES = 2 };
enum { SEEDS = 150, HOSTILE_PERCENT = 60, SPARE_WIRES = 64 };
#define TROUBLE_US      (60 * US_PER_S)
#define PEACE_US        (200 * US_PER_S)
#define TROUBLE_MOST_US (3 * US_PER_S)

struct stage {
    struct identity identity;
    struct identity other;
    uint8_t secrets[INVITES][INVITE_SECRET_LEN]; /* of FIRST, of SECOND */
    struct seal *seals[MEMBERS];
    struct sealed_talk talks[MEMBERS];
    struct wires wires;
    bool is_quiet;           /* no process ends */
    unsigned stood;          /* of the consumers: a bit each */
    unsigned dropped, taken; /* that were hostile; that were honest */
};

static const char *const devices[INVITES] = {"first", "second"};

static struct stage *stage_of(const struct crowd *c)
{
    return c->signalling->arg;
}

/* ---- processes ---- */

static void admit(struct stage *s, int member, int invite)
{
    seal_admit(s->seals[member], devices[invite], s->identity.provider_id, s->secrets[invite]);
}

static void on_begin(struct crowd *c, int member)
{
    struct stage *s = stage_of(c);
    const struct crowd_member *m = &c->members[member];
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
    uint8_t salt[SEAL_SALT_LEN];
    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)crowd_roll(c, 256);
    wires_fingerprint(m->process, fingerprint);
    const struct seal_config config = {
        .side = m->role == MUX_PROVIDER ? SEAL_PROVIDER : SEAL_CONSUMER,
        .identity = member == PROVIDER   ? &s->identity
                    : member == STRANGER ? &s->other
                                         : NULL,
        .fingerprint = fingerprint,
        .salt = salt,
    };
    s->seals[member] = seal_new(&config);
    if (member == PROVIDER || member == FIRST)
        admit(s, member, 0);
    if (member != FIRST)
        admit(s, member, 1);
    sealed_talk_init(&s->talks[member], s->seals[member]);
}

static void on_end(struct crowd *c, int member)
{
    struct stage *s = stage_of(c);
    seal_free(s->seals[member]);
    sealed_talk_deinit(&s->talks[member]);
    s->seals[member] = NULL;
}

static void on_meet(struct crowd *c, int member, const char *peer)
{
    sealed_talk_meet(&stage_of(c)->talks[member], peer);
}

/* ---- what is said ---- */

static const struct wire *alter(struct crowd *c, const struct wire *from)
{
    size_t len = strlen(from->sealed);
    size_t at = len > 0 ? (size_t)crowd_roll(c, len) : 0;
    return wires_alter(&stage_of(c)->wires, from, at, len == 0 || crowd_roll(c, 2) == 0);
}

static void attack(struct crowd *c)
{
    struct stage *s = stage_of(c);
    char name[CROWD_TEXT_MAX];
    const struct wire *wire = &s->wires.at[crowd_roll(c, s->wires.count)];
    enum sdp_type type = crowd_roll(c, 100) < 30 ? (enum sdp_type)crowd_roll(c, 2) : wire->type;
    int member = (int)crowd_roll(c, STRANGER);
    if (crowd_roll(c, 100) < 30 && s->wires.count + SPARE_WIRES < WIRES_MAX)
        wire = alter(c, wire);
    snprintf(name, sizeof name, "%u", (unsigned)(wire - s->wires.at));
    /* By one who is there, mostly. */
    const struct crowd_member *by = &c->members[crowd_roll(c, MEMBERS)];
    unsigned peer = by->id > 0 ? by->id : (unsigned)crowd_roll(c, c->numbers + 1);
    if (c->members[member].rv)
        crowd_inject(c, member, type, peer, name);
}

/* Of who is that member, as far as a provider knows. */
static int invite_of(const struct stage *s, int member, const char *peer)
{
    const char *device = sealed_talk_device(&s->talks[member], peer);
    assert_non_null(device);
    return strcmp(device, devices[0]) == 0 ? 0 : 1;
}

static bool wrap(struct crowd *c, int member, const struct action *a, char out[CROWD_TEXT_MAX])
{
    struct stage *s = stage_of(c);
    const struct crowd_member *m = &c->members[member];
    char *text = wires_describe(m->process, a->text);
    char *sealed = sealed_talk_wrap(&s->talks[member], a->peer,
                                    a->sdp_type == SDP_OFFER ? SEAL_OFFER : SEAL_ANSWER, text);
    free(text);
    if (!sealed)
        return false;
    struct wire *wire = wires_add(&s->wires, sealed);
    wire->type = a->sdp_type;
    wire->process = m->process;
    wire->role = m->role;
    wire->end = member;
    wire->to = PROVIDER;
    if (m->role == MUX_PROVIDER) /* whichever member the server has made of it */
        wire->to = invite_of(s, member, a->peer) == 0 ? FIRST : SECOND;
    snprintf(out, CROWD_TEXT_MAX, "%u", (unsigned)(wire - s->wires.at));
    for (int i = 0; i < 3 && !c->is_kind && crowd_roll(c, 100) < HOSTILE_PERCENT; i++)
        attack(c);
    return true;
}

/* ---- what is heard ---- */

/* A provider knows by it whose it is; a consumer hears its provider alone. An
 * offer for a provider may have been meant for a stranger: both have the
 * invite, and nothing but its process can answer. */
static void check_taken(struct crowd *c, int member, const char *peer, struct wire *wire,
                        enum sdp_type type)
{
    const struct stage *s = stage_of(c);
    const struct crowd_member *m = &c->members[member];
    bool is_of = member == PROVIDER ? wire->end == FIRST || wire->end == SECOND
                                    : wire->end == PROVIDER && wire->to == member;
    if (wire->process == 0 || wire->type != type || !is_of || wire->taken_by == m->process)
        fail_msg("wire %u, %s of process %u, is taken by member %d", (unsigned)(wire - s->wires.at),
                 sdp_type_name(wire->type), wire->process, member);
    if (member == PROVIDER)
        assert_int_equal(invite_of(s, member, peer), wire->end - FIRST);
    wire->taken_by = m->process;
}

static bool open(struct crowd *c, int member, const struct event *event, char text[CROWD_TEXT_MAX])
{
    struct stage *s = stage_of(c);
    struct wire *wire = &s->wires.at[strtoul(text, NULL, 10)];
    struct signal_message said;
    bool is_offer = event->type == EVENT_OFFER;
    const struct signal_message message = {
        .type = is_offer ? SIGNAL_OFFER : SIGNAL_ANSWER,
        .peer_id = (char *)(uintptr_t)event->peer,
        .sdp = wire->sealed,
    };
    if (!sealed_talk_hear(&s->talks[member], &message, &said, NULL)) {
        s->dropped++;
        return false;
    }
    if (member != STRANGER)
        check_taken(c, member, event->peer, wire, is_offer ? SDP_OFFER : SDP_ANSWER);
    s->taken++;
    assert_int_equal(sscanf(strstr(said.sdp, "s=") + 2, "%47[^\r]", text), 1);
    sealed_talk_forget(&s->talks[member], &said);
    return true;
}

/* ---- trouble ---- */

static void begin(struct crowd *c, int member)
{
    bool is_provider = member == PROVIDER || member == STRANGER;
    crowd_begin(c, member, is_provider ? MUX_PROVIDER : MUX_CONSUMER);
}

static void make_trouble(struct crowd *c)
{
    struct stage *s = stage_of(c);
    int member = (int)crowd_roll(c, STRANGER);
    unsigned kind = (unsigned)crowd_roll(c, 8);
    if (kind == 0 && !s->is_quiet) {
        crowd_end(c, member, crowd_roll(c, 2) == 0);
        begin(c, member);
    } else if (kind == 1) {
        crowd_cut(c, member);
    } else if (kind == 2 && c->members[STRANGER].rv) {
        crowd_end(c, STRANGER, false);
    } else if (kind == 2) {
        begin(c, STRANGER);
    } else if (s->wires.count > 0) {
        attack(c);
    }
    if (c->now_us < TROUBLE_US)
        crowd_schedule_trouble(c, crowd_roll(c, TROUBLE_MOST_US));
}

/* ---- a seed ---- */

static bool is_current(const struct crowd *c, const struct half *h)
{
    for (size_t i = 0; i < CROWD_PARTNERS_MAX; i++) {
        if (h->id > 0 && c->members[h->member].up[i] == h->number)
            return true;
    }
    return false;
}

/* It has a session up that is with that one, or with anybody: -1. */
static bool has_up(struct crowd *c, int member, int with)
{
    for (size_t i = 0; i < CROWD_HALVES_MAX; i++) {
        const struct half *h = &c->halves[i];
        const struct half *other = crowd_find_half(c, h->remote);
        bool is_with = with < 0 || (other && other->member == with);
        if (h->member == member && is_with && is_current(c, h))
            return true;
    }
    return false;
}

static bool is_up(struct crowd *c, int member)
{
    return has_up(c, member, -1) && has_up(c, PROVIDER, member);
}

/* Runs on, and sees to it that what stands in the quiet goes on standing. */
static void watch_until(struct crowd *c, uint64_t until_us, uint64_t seed)
{
    struct stage *s = stage_of(c);
    while (c->now_us < until_us) {
        crowd_run(c, c->now_us + US_PER_S / 4);
        for (int member = FIRST; member <= SECOND; member++) {
            unsigned bit = 1U << member;
            if (s->is_quiet && (s->stood & bit) && !is_up(c, member))
                fail_msg("seed %llu: member %d lost a session that stood", (unsigned long long)seed,
                         member);
            s->stood |= is_up(c, member) ? bit : 0;
        }
        if (has_up(c, STRANGER, -1))
            fail_msg("seed %llu: the stranger has a session", (unsigned long long)seed);
    }
}

static void run_seed(struct crowd *c, const struct crowd_signalling *signalling, uint64_t seed)
{
    memset(c, 0, sizeof *c);
    c->dice = seed;
    c->has_server = true;
    c->is_loud = getenv("TEST_SEED");
    c->make_trouble = make_trouble;
    c->consumer_offers = true;
    c->signalling = signalling;
    wires_clear(&stage_of(c)->wires);
    stage_of(c)->is_quiet = seed % 2 == 0;
    stage_of(c)->stood = 0;
    for (int i = 0; i < STRANGER; i++)
        begin(c, i);
    crowd_schedule_trouble(c, crowd_roll(c, TROUBLE_MOST_US));
    watch_until(c, TROUBLE_US + 10 * US_PER_S, seed);
    if (c->members[STRANGER].rv)
        crowd_end(c, STRANGER, false);
    c->is_kind = true;
    watch_until(c, c->now_us + PEACE_US, seed);
    const char *wrong = crowd_check(c);
    if (wrong)
        fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
    for (int i = 0; i < STRANGER; i++)
        crowd_end(c, i, true);
}

static void test_hostile_server(void **state)
{
    (void)state;
    const char *only = getenv("TEST_SEED");
    const char *many = getenv("TEST_SEEDS");
    uint64_t seeds = many ? strtoull(many, NULL, 10) : SEEDS;
    struct crowd *c = xcalloc(1, sizeof *c);
    struct stage *s = xcalloc(1, sizeof *s);
    const struct crowd_signalling signalling = {on_begin, on_end, on_meet, wrap, open, s};
    log_configure(LOG_ERROR, LOG_TEXT);
    identity_init(&s->identity);
    identity_init(&s->other);
    for (int i = 0; i < INVITES; i++)
        memset(s->secrets[i], 1 + i, sizeof s->secrets[i]);
    for (uint64_t seed = 0; seed < (only ? 1 : seeds); seed++)
        run_seed(c, &signalling, only ? strtoull(only, NULL, 10) : seed);
    printf("%u descriptions taken, %u dropped\n", s->taken, s->dropped);
    assert_true(only || (s->taken > seeds && s->dropped > seeds * 4));
    wires_clear(&s->wires);
    free(s);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostile_server)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
