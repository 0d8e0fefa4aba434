/*
 * Checks coming in (RFC 8445 section 7.3). Whoever knows our password is
 * answered at once. A check then teaches us of an address that we did not
 * know (peer-reflexive), triggers a check of our own back along the same way,
 * and may nominate the pair.
 *
 * Who does not even know our ufrag hears nothing, though RFC 8489 section 9.1.3
 * would have us refuse: whoever scans for open ports, or has our packets go to
 * somebody else by a forged source, gets no answer out of this one.
 */
#include "ice/agent_internal.h"

/* "ours:theirs": the generation whose ufrag comes before the colon. */
static struct ice_generation *find_generation(struct ice_agent *a, struct span user)
{
    struct ice_generation *const all[] = {a->now, a->old};
    for (int i = 0; i < 2; i++) {
        if (all[i] && user.len > ICE_UFRAG_LEN && user.data[ICE_UFRAG_LEN] == ':' &&
            memcmp(user.data, all[i]->local_ufrag, ICE_UFRAG_LEN) == 0)
            return all[i];
    }
    return NULL;
}

/* Section 7.3.1.1: the one with the larger tie-breaker keeps controlling.
 * False: the other side has to change; it was told. */
static bool settle_roles(struct ice_agent *a, const struct stun_message *m)
{
    uint64_t theirs;
    if (a->is_controlling && stun_find_u64(m, STUN_ICE_CONTROLLING, &theirs)) {
        if (a->tie_breaker >= theirs)
            return false;
        check_set_role(a, false);
    } else if (!a->is_controlling && stun_find_u64(m, STUN_ICE_CONTROLLED, &theirs)) {
        if (a->tie_breaker < theirs)
            return false;
        check_set_role(a, true);
    }
    return true;
}

/* Section 7.3.1.4: check back. */
static void trigger(struct ice_agent *a, struct ice_pair *pair)
{
    if (pair->is_binding || pair->is_valid)
        return;
    if (pair->state != PAIR_IN_PROGRESS)
        pair->state = PAIR_WAITING;
    pair_trigger(a, pair);
}

/* Who nominates regularly checks a pair first and nominates it afterwards: the
 * last one counts, and the agent may have changed its mind. Who nominates
 * aggressively (RFC 5245) does so in every check from the first on: then the
 * order says nothing, and the priority decides. */
static void take_nomination(struct ice_agent *a, struct ice_pair *pair)
{
    if (!pair->has_plain_check)
        pair->nomination = pair->nomination ? pair->nomination : 1;
    else if (pair->nomination <= 1 || pair->nomination != a->nomination_count + 1)
        pair->nomination = ++a->nomination_count + 1;
    if (pair->is_valid)
        pair->is_nominated = true;
    else
        pair->nominate_on_success = true;
}

static void learn(struct ice_agent *a, int local, const struct ice_address *source,
                  uint32_t priority, bool use_candidate, uint64_t now_us)
{
    struct ice_generation *g = a->now;
    int remote = remote_find(g, source);
    if (remote < 0) {
        remote = remote_add_prflx(a, g, source, priority);
        pair_consent_ask_now(a, now_us); /* it may have left the address that we use */
    }
    if (remote < 0)
        return;
    struct ice_pair *pair = pair_add(a, g, local, remote);
    if (!pair)
        return;
    if (!use_candidate)
        pair->has_plain_check = true;
    else if (!a->is_controlling)
        take_nomination(a, pair);
    trigger(a, pair);
}

void request_replay_early(struct ice_agent *a, uint64_t now_us)
{
    struct ice_generation *g = a->now;
    for (int i = 0; i < g->early.count; i++) {
        const struct early_check *e = &g->early.list[i];
        if (a->locals[e->local]->is_used)
            learn(a, e->local, &e->source, e->priority, e->use_candidate, now_us);
    }
    g->early.count = 0;
}

/* Whether the check is of the newest generation on both sides, as far as we
 * know theirs. */
static bool is_of_newest(const struct ice_agent *a, const struct ice_generation *g,
                         struct span user)
{
    struct span theirs = span_skip(user, ICE_UFRAG_LEN + 1);
    return g == a->now && (!g->has_remote || span_is_string(theirs, g->remote_ufrag));
}

/* 0, or the error by which an authentic request is refused. */
static int find_fault(struct ice_agent *a, const struct stun_message *m, uint32_t *priority)
{
    if (m->unknown)
        return STUN_UNKNOWN_ATTRIBUTE;
    if (!stun_find_u32(m, STUN_PRIORITY, priority))
        return STUN_BAD_REQUEST;
    return settle_roles(a, m) ? 0 : STUN_ROLE_CONFLICT;
}

void request_receive(struct ice_agent *a, int local, const struct ice_address *source,
                     const struct stun_message *m, uint64_t now_us)
{
    struct span user, value;
    uint32_t priority;
    if (m->fingerprint_at == 0 || !stun_check_fingerprint(m))
        return;
    struct ice_generation *g = stun_find(m, STUN_USERNAME, &user) ? find_generation(a, user) : NULL;
    if (!g)
        return;
    if (!stun_check_integrity(m, span_from_string(g->local_pwd))) {
        int error = m->integrity_at ? STUN_UNAUTHENTICATED : STUN_BAD_REQUEST;
        binding_answer(a, NULL, local, source, m, error);
        return;
    }
    /* In a restart the other side may check from a new address before it has
     * our new credentials, or before we have its own. We cannot learn the
     * address from that; were it answered, the other side would take the way
     * for open and send its data where we do not expect any. Browsers stay
     * with such a pair for good. */
    bool is_newest = is_of_newest(a, g, user);
    if (!is_newest && remote_find(g, source) < 0)
        return;
    int fault = find_fault(a, m, &priority);
    if (fault) {
        binding_answer(a, g, local, source, m, fault);
        return;
    }
    if (is_newest && a->handlers.on_binding)
        a->handlers.on_binding(a->arg, m);
    binding_answer(a, g, local, source, m, 0);
    if (!is_newest)
        return; /* the path before the restart: answered, nothing learned */
    bool use_candidate = stun_find(m, STUN_USE_CANDIDATE, &value);
    if (!g->has_remote)
        early_checks_add(&g->early, &(struct early_check){local, *source, priority, use_candidate});
    else
        learn(a, local, source, priority, use_candidate, now_us);
}
