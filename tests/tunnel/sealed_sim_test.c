/*
 * Rendezvous whose signalling is sealed, in a room whose server is hostile:
 * behind whatever is said it says again what was said before, by anybody, to
 * anybody, as an offer or an answer, whole, altered or cut, and throws members
 * out. A third is there at times, with a link that is good for nothing, or with
 * that of the consumer and an identity of its own.
 *
 * Whatever is taken was said by the other side, as that, and no process takes
 * it twice. In the quiet half of the seeds no process ends: then no
 * session that stands may be lost. Once the server is honest both are together.
 *
 *   TEST_SEED=N   that seed alone, and what happens in it
 */
#include "wires.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tunnel/sealed_talk.h"

enum { SEEDS = 2000, HOSTILE_PERCENT = 60 };
#define TROUBLE_US      (60 * US_PER_S)
#define PEACE_US        (200 * US_PER_S)
#define TROUBLE_MOST_US (3 * US_PER_S)

struct stage {
    struct identity identity;
    struct identity other;
    uint8_t secret[INVITE_SECRET_LEN];
    uint8_t other_secret[INVITE_SECRET_LEN];
    struct seal *seals[ENDS];
    struct sealed_talk talks[ENDS];
    struct wires wires;
    bool is_quiet;           /* no process ends */
    bool has_secret;         /* the third */
    bool was_up;             /* both ends */
    unsigned dropped, taken; /* that were hostile; that were honest */
};

static struct stage *stage_of(const struct world *w)
{
    return w->signalling->arg;
}

/* ---- processes ---- */

static void on_begin(struct world *w, int end)
{
    struct stage *s = stage_of(w);
    const struct end *e = &w->ends[end];
    bool is_provider = e->role == MUX_PROVIDER;
    bool is_stranger = end == STRANGER;
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
    uint8_t salt[SEAL_SALT_LEN];
    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)roll(w, 256);
    wires_fingerprint(e->process, fingerprint);
    const struct seal_config config = {
        .side = is_provider ? SEAL_PROVIDER : SEAL_CONSUMER,
        .identity = !is_provider  ? NULL
                    : is_stranger ? &s->other
                                  : &s->identity,
        .fingerprint = fingerprint,
        .salt = salt,
    };
    /* With the secret it is only of interest as a provider. */
    bool knows = !is_stranger || (s->has_secret && is_provider);
    s->seals[end] = seal_new(&config);
    seal_admit(s->seals[end], "device", s->identity.provider_id,
               knows ? s->secret : s->other_secret);
    sealed_talk_init(&s->talks[end], s->seals[end]);
}

static void on_end(struct world *w, int end)
{
    struct stage *s = stage_of(w);
    seal_free(s->seals[end]);
    sealed_talk_deinit(&s->talks[end]);
    s->seals[end] = NULL;
}

static void on_meet(struct world *w, int end, const char *peer)
{
    sealed_talk_meet(&stage_of(w)->talks[end], peer);
}

/* ---- what is said ---- */

static void name_wire(const struct stage *s, const struct wire *wire, char out[TEXT_MAX])
{
    snprintf(out, TEXT_MAX, "%u", (unsigned)(wire - s->wires.at));
}

static const struct wire *alter(struct world *w, const struct wire *from)
{
    size_t len = strlen(from->sealed);
    size_t at = len > 0 ? (size_t)roll(w, len) : 0;
    return wires_alter(&stage_of(w)->wires, from, at, len == 0 || roll(w, 2) == 0);
}

static void attack(struct world *w)
{
    struct stage *s = stage_of(w);
    char name[TEXT_MAX];
    const struct wire *wire = &s->wires.at[roll(w, s->wires.count)];
    enum sdp_type type = chance(w, 30) ? (enum sdp_type)roll(w, 2) : wire->type;
    int end = (int)roll(w, 2);
    if (chance(w, 30) && s->wires.count + 64 < WIRES_MAX)
        wire = alter(w, wire);
    name_wire(s, wire, name);
    say(w, "the server says wire %s to end %d", name, end);
    inject(w, end, type, (unsigned)roll(w, w->ids + 1), name);
}

static bool wrap(struct world *w, int end, const char *peer, enum sdp_type type, const char *sdp,
                 char out[TEXT_MAX])
{
    struct stage *s = stage_of(w);
    unsigned process = w->ends[end].process;
    char *text = wires_describe(process, sdp);
    char *sealed =
        sealed_talk_wrap(&s->talks[end], peer, type == SDP_OFFER ? SEAL_OFFER : SEAL_ANSWER, text);
    free(text);
    if (!sealed)
        return false;
    struct wire *wire = wires_add(&s->wires, sealed);
    wire->type = type;
    wire->process = process;
    wire->role = w->ends[end].role;
    wire->end = end;
    name_wire(s, wire, out);
    for (int i = 0; i < 3 && chance(w, HOSTILE_PERCENT); i++)
        attack(w);
    return true;
}

/* ---- what is heard ---- */

static void check_taken(struct world *w, int end, struct wire *wire, enum sdp_type type)
{
    if (wire->process == 0 || wire->type != type || wire->role == w->ends[end].role ||
        wire->end == end || wire->end == STRANGER || wire->taken_by == w->ends[end].process)
        fail_msg("wire %u, %s of process %u, is taken by end %d",
                 (unsigned)(wire - stage_of(w)->wires.at), sdp_type_name(wire->type), wire->process,
                 end);
    wire->taken_by = w->ends[end].process;
}

static bool open(struct world *w, int end, const char *peer, enum sdp_type type,
                 char text[TEXT_MAX])
{
    struct stage *s = stage_of(w);
    struct wire *wire = &s->wires.at[strtoul(text, NULL, 10)];
    struct signal_message said;
    const struct signal_message message = {
        .type = type == SDP_OFFER ? SIGNAL_OFFER : SIGNAL_ANSWER,
        .peer_id = (char *)(uintptr_t)peer,
        .sdp = wire->sealed,
    };
    if (!sealed_talk_hear(&s->talks[end], &message, &said, NULL)) {
        s->dropped++;
        return false;
    }
    if (end != STRANGER)
        check_taken(w, end, wire, type);
    s->taken++;
    assert_int_equal(sscanf(strstr(said.sdp, "s=") + 2, "%47[^\r]", text), 1);
    sealed_talk_forget(&s->talks[end], &said);
    return true;
}

/* ---- trouble ---- */

static void restart_process(struct world *w, int end)
{
    enum mux_role role = w->ends[end].role;
    kill_process(w, end);
    begin_process(w, end, role);
}

static void trouble_with_stranger(struct world *w)
{
    if (w->ends[STRANGER].rv) {
        kill_process(w, STRANGER);
        return;
    }
    int end = (int)roll(w, 2);
    begin_process(w, STRANGER, w->ends[end].role);
    if (w->ends[end].conn && chance(w, 50)) {
        cut(w, w->ends[end].conn);
        schedule(w, LOST_BY_SERVER, 0)->conn = w->ends[end].conn;
    }
}

static void make_trouble(struct world *w)
{
    struct stage *s = stage_of(w);
    int end = (int)roll(w, 2);
    unsigned kind = (unsigned)roll(w, 8);
    if (kind == 0 && !s->is_quiet)
        restart_process(w, end);
    else if (kind == 1)
        cut(w, w->ends[end].conn);
    else if (kind == 2)
        trouble_with_stranger(w);
    else if (s->wires.count > 0)
        attack(w);
    if (w->now_us < TROUBLE_US)
        schedule(w, TROUBLE, roll(w, TROUBLE_MOST_US));
}

/* ---- a seed ---- */

/* Runs on, and sees to it that what stands in the quiet goes on standing. */
static void watch_until(struct world *w, uint64_t until_us, uint64_t seed)
{
    struct stage *s = stage_of(w);
    while (w->now_us < until_us) {
        run_until(w, w->now_us + US_PER_S / 4);
        bool is_up = w->ends[0].up && w->ends[1].up;
        if (s->is_quiet && s->was_up && !is_up)
            fail_msg("seed %llu: a session that stood was lost", (unsigned long long)seed);
        if (w->ends[STRANGER].up)
            fail_msg("seed %llu: the stranger has a session", (unsigned long long)seed);
        s->was_up |= is_up;
    }
}

static void reset_stage(struct stage *s, uint64_t seed)
{
    wires_clear(&s->wires);
    s->is_quiet = seed % 2 == 0;
    s->has_secret = seed / 2 % 2 == 0;
    s->was_up = false;
}

static void run_seed(struct world *w, const struct signalling *signalling, uint64_t seed)
{
    *w = (struct world){.dice = seed, .has_server = true, .is_loud = getenv("TEST_SEED")};
    w->signalling = signalling;
    w->make_trouble = make_trouble;
    w->consumer_offers = true;
    reset_stage(stage_of(w), seed);
    begin_process(w, 0, MUX_PROVIDER);
    begin_process(w, 1, MUX_CONSUMER);
    schedule(w, TICK, US_PER_S);
    schedule(w, TROUBLE, roll(w, TROUBLE_MOST_US));
    watch_until(w, TROUBLE_US + 10 * US_PER_S, seed);
    kill_process(w, STRANGER);
    w->is_kind = true;
    say(w, "the server is honest");
    watch_until(w, w->now_us + PEACE_US, seed);
    check_together(w, seed);
    kill_process(w, 0);
    kill_process(w, 1);
}

static void test_hostile_server(void **state)
{
    (void)state;
    const char *only = getenv("TEST_SEED");
    struct world *w = xcalloc(1, sizeof *w);
    struct stage *s = xcalloc(1, sizeof *s);
    const struct signalling signalling = {on_begin, on_end, on_meet, wrap, open, s};
    log_configure(LOG_ERROR, LOG_TEXT);
    identity_init(&s->identity);
    identity_init(&s->other);
    memset(s->secret, 1, sizeof s->secret);
    memset(s->other_secret, 2, sizeof s->other_secret);
    for (uint64_t seed = 0; seed < (only ? 1 : SEEDS); seed++)
        run_seed(w, &signalling, only ? strtoull(only, NULL, 10) : seed);
    printf("%u descriptions taken, %u dropped\n", s->taken, s->dropped);
    assert_true(only || (s->taken > SEEDS && s->dropped > SEEDS * 4));
    reset_stage(s, 0);
    free(s);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostile_server)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
