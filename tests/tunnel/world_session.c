/*
 * Each end has a model of a session; two that name each other are one. A
 * description says who speaks: process, session, generation of the ICE
 * credentials, job.
 */
#include "world.h"

#include <stdio.h>

#define PATH_SILENT_US (5 * US_PER_S)
#define CONNECT_US     (30 * US_PER_S)

struct model *find_session(struct world *w, unsigned id)
{
    for (size_t i = 0; id > 0 && i < SESSIONS_MAX; i++) {
        if (w->sessions[i].id == id)
            return &w->sessions[i];
    }
    return NULL;
}

static struct model *find_number(struct world *w, int end, unsigned number)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct model *s = &w->sessions[i];
        if (s->id > 0 && s->end == end && s->number == number)
            return s;
    }
    fail_msg("end %d knows no session %u", end, number);
    return NULL;
}

unsigned number_of(const struct world *w, int end, unsigned id)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        const struct model *s = &w->sessions[i];
        if (s->id > 0 && s->end == end && s->remote == id)
            return s->number;
    }
    return 0;
}

static void tell(struct world *w, const struct model *s, struct event event)
{
    event.session = s->number;
    feed(w, s->end, &event);
}

static struct model *partner_of(struct world *w, const struct model *s)
{
    struct model *other = find_session(w, s->remote);
    return other && other->remote == s->id ? other : NULL;
}

/* ---- descriptions ---- */

static void describe_later(struct world *w, struct model *s)
{
    if (s->is_describing)
        return;
    s->is_describing = true;
    schedule_for(w, DESCRIBES, s, roll(w, 5 * US_PER_MS));
}

static void describe(struct world *w, struct model *s)
{
    char sdp[TEXT_MAX];
    s->is_describing = false;
    s->is_answered = s->is_answered || !s->is_offering;
    snprintf(sdp, sizeof sdp, "%u %u %u %u", s->process, s->id, s->generation,
             (unsigned)w->ends[s->end].role);
    tell(w, s,
         (struct event){.type = EVENT_DESCRIBED,
                        .sdp_type = s->is_offering ? SDP_OFFER : SDP_ANSWER,
                        .text = sdp});
}

void start_session(struct world *w, int end, const struct action *a)
{
    struct model *s = w->sessions;
    say(w, "end %d: start %u to %s", end, a->session, sdp_type_name(a->sdp_type));
    while (s->id > 0)
        assert_true(++s < w->sessions + SESSIONS_MAX);
    *s = (struct model){.id = ++w->ids, .end = end, .number = a->session, .generation = 1};
    s->process = w->ends[end].process;
    s->is_fresh = true;
    s->dead_at_us = TIME_NEVER;
    s->is_offerer = s->is_offering = a->sdp_type == SDP_OFFER;
    if (s->is_offerer)
        describe_later(w, s);
}

/* Both have each other's credentials: ICE finds a path, if it does. */
static void match(struct world *w, struct model *s)
{
    struct model *other = partner_of(w, s);
    if (!other || s->remote_generation != other->generation ||
        other->remote_generation != s->generation || chance(w, 10))
        return;
    uint64_t in_us = roll(w, 800 * US_PER_MS);
    bool is_new = !s->is_open && !other->is_open;
    bool is_provider = w->ends[s->end].role == MUX_PROVIDER;
    schedule_for(w, is_new ? READY : MENDS, is_provider ? s : other, in_us);
    schedule_for(w, is_new ? READY : MENDS, is_provider ? other : s,
                 in_us + roll(w, 100 * US_PER_MS));
}

static const char *take_offer(struct world *w, struct model *s, unsigned id, unsigned generation)
{
    if (s->remote && !s->is_open)
        return "an offer has come before";
    if (!s->remote && s->is_offerer)
        return "both sides have made an offer";
    bool is_restart = s->remote && generation != s->remote_generation;
    if (is_restart && !s->is_fresh)
        s->generation++;
    if (!s->remote)
        schedule_for(w, CONNECTS, s, CONNECT_US);
    s->remote = id;
    s->remote_generation = generation;
    s->is_fresh = s->is_fresh && !is_restart;
    s->is_offering = s->is_answered = false;
    describe_later(w, s);
    return NULL;
}

static const char *take_answer(struct world *w, struct model *s, unsigned id, unsigned generation)
{
    if (!s->is_offering)
        return "there was no offer of ours";
    if (!s->remote)
        schedule_for(w, CONNECTS, s, CONNECT_US);
    s->remote = id;
    s->remote_generation = generation;
    s->is_fresh = s->is_offering = false;
    return NULL;
}

/* As peer_set_remote(). */
static const char *set_remote(struct world *w, struct model *s, enum sdp_type type, const char *sdp)
{
    unsigned process, id, generation;
    assert_int_equal(sscanf(sdp, "%u %u %u", &process, &id, &generation), 3);
    if (s->remote && s->remote != id)
        return "it is of another session";
    bool is_crossing = type == SDP_OFFER && s->remote && s->is_offering;
    if (is_crossing && s->is_offerer) {
        describe_later(w, s);
        return NULL;
    }
    if (is_crossing && s->is_answered && generation == s->remote_generation)
        return NULL;
    const char *why =
        type == SDP_OFFER ? take_offer(w, s, id, generation) : take_answer(w, s, id, generation);
    if (!why) {
        s->remote_process = process;
        match(w, s);
    }
    return why;
}

static void restart(struct world *w, struct model *s)
{
    if (!s->is_open || s->is_offering)
        return;
    w->figures.restarts++;
    s->is_offering = s->is_fresh = true;
    s->generation++;
    describe_later(w, s);
}

/* ---- life ---- */

void vanish(struct world *w, struct model *s, const char *bye)
{
    struct model *other = partner_of(w, s);
    if (bye && other && other->is_open && other->has_path && !chance(w, 30))
        schedule_for(w, CLOSES, other, roll(w, 200 * US_PER_MS));
    if (w->ends[s->end].up == s->id)
        w->ends[s->end].up = w->ends[s->end].target = 0;
    s->id = 0;
}

void end_session(struct world *w, struct model *s, const char *text)
{
    say(w, "end %d: session %u ends: %s", s->end, s->number, text);
    tell(w, s, (struct event){.type = EVENT_CLOSED, .text = text});
}

static bool is_heard(struct world *w, const struct model *s)
{
    const struct model *other = partner_of(w, s);
    return other && s->has_path && other->has_path && !is_stopped(w, other->end);
}

static void on_ready(struct world *w, struct model *s)
{
    if (s->is_open || !partner_of(w, s))
        return;
    s->is_open = s->has_path = true;
    s->heard_us = w->now_us;
    schedule_for(w, MEASURES, s, roll(w, 100 * US_PER_MS));
    tell(w, s, (struct event){.type = EVENT_READY});
}

/* A round trip is measured by what is heard. */
static void on_measured(struct world *w, const struct model *s)
{
    if (s->is_held)
        schedule_for(w, MEASURES, s, 100 * US_PER_MS);
    else
        tell(w, s, (struct event){.type = EVENT_MEASURED});
}

static void tell_path_works(struct world *w, struct model *s)
{
    s->is_told_silent = false;
    s->heard_us = w->now_us;
    tell(w, s, (struct event){.type = EVENT_PATH, .path = PEER_PATH_WORKS});
}

static void on_mended(struct world *w, struct model *s)
{
    const struct model *other = partner_of(w, s);
    if (!other || !s->is_open || s->remote_generation != other->generation)
        return;
    s->has_path = true;
    tell_path_works(w, s);
}

void ask(struct world *w, struct model *s)
{
    s->is_asked = true;
    s->asked_us = w->now_us;
    s->dead_at_us = w->now_us + MUX_PROBE_US;
    if (!chance(w, 20)) /* else it takes until the next TICK */
        schedule_for(w, ANSWERS, s, roll(w, (w->is_kind ? 100 : 1500) * US_PER_MS));
}

static void on_answered(struct world *w, struct model *s)
{
    if (!s->is_asked || !is_heard(w, s))
        return;
    s->is_asked = false;
    s->dead_at_us = TIME_NEVER;
    tell(w, s, (struct event){.type = EVENT_ALIVE});
}

void look_at(struct world *w, struct model *s)
{
    if (!s->is_open)
        return;
    if (is_heard(w, s)) {
        s->heard_us = w->now_us;
        if (s->is_told_silent) /* the other side was stopped, and goes on */
            tell_path_works(w, s);
        on_answered(w, s);
    } else if (w->now_us >= s->heard_us + MUX_DEAD_AFTER_US || w->now_us >= s->dead_at_us) {
        end_session(w, s, "silence");
    } else if (!s->is_told_silent && w->now_us >= s->heard_us + PATH_SILENT_US) {
        s->is_told_silent = true;
        tell(w, s, (struct event){.type = EVENT_PATH, .path = PEER_PATH_SILENT});
    }
}

/* ---- what the rendezvous wants ---- */

/* Whose process lives and answers keeps its place. */
static void become_current(struct world *w, struct model *s)
{
    struct end *e = &w->ends[s->end];
    const struct model *before = find_session(w, e->up);
    bool is_takeover = before && before->remote_process != s->remote_process;
    assert_true(s->is_open && !s->is_held);
    if (is_takeover)
        assert_true(before->is_asked && w->now_us >= before->asked_us + DOUBT_MAKES_WAY_US);
    w->figures.replacements += is_takeover;
    e->up = e->target = s->id;
}

static void take(struct world *w, struct model *s, const struct action *a)
{
    const char *why = set_remote(w, s, a->sdp_type, a->text);
    tell(w, s,
         (struct event){.type = EVENT_FED,
                        .sdp_type = a->sdp_type,
                        .text = why,
                        .is_offering = s->is_offering});
}

void act_on_session(struct world *w, int end, const struct action *a)
{
    struct model *s = find_number(w, end, a->session);
    switch (a->type) {
    case ACTION_FEED:
        take(w, s, a);
        break;
    case ACTION_RESTART:
        restart(w, s);
        break;
    case ACTION_ABANDON_RESTART:
        s->is_offering = s->is_answered = false;
        break;
    case ACTION_PROBE:
        ask(w, s);
        break;
    case ACTION_HOLD:
    case ACTION_ADMIT:
        assert_true(s->is_open && s->is_held == (a->type == ACTION_ADMIT));
        s->is_held = a->type == ACTION_HOLD;
        break;
    case ACTION_REFUSE:
        assert_true(s->is_held);
        w->figures.refusals++;
        vanish(w, s, a->text);
        break;
    case ACTION_DRAIN:
        w->figures.drains++;
        schedule_for(w, IDLES, s, roll(w, 20 * US_PER_S));
        break;
    case ACTION_CLOSE:
        vanish(w, s, "bye");
        break;
    case ACTION_UP:
        become_current(w, s);
        break;
    default:
        fail_msg("end %d: action %d is of no session", end, (int)a->type);
        break;
    }
}

void on_session_ticket(struct world *w, const struct ticket *t)
{
    struct model *s = find_session(w, t->session);
    if (!s)
        return;
    switch (t->type) {
    case DESCRIBES:
        describe(w, s);
        break;
    case CONNECTS:
        if (!s->is_open)
            end_session(w, s, "no path");
        break;
    case READY:
        on_ready(w, s);
        break;
    case MEASURES:
        on_measured(w, s);
        break;
    case MENDS:
        on_mended(w, s);
        break;
    case ANSWERS:
        on_answered(w, s);
        break;
    case CLOSES:
        end_session(w, s, "bye");
        break;
    case IDLES:
        tell(w, s, (struct event){.type = EVENT_IDLE});
        break;
    default:
        fail_msg("ticket %d is of no session", (int)t->type);
        break;
    }
}
