/*
 * Binding requests to the other side and our answers to its own, as messages:
 * what stands in them, and which way they leave.
 */
#include "ice/agent_internal.h"

/* From a relay nothing is refused here: what becomes of it, its client
 * tells. */
static int send_from(struct ice_agent *a, const struct ice_local *l, const struct ice_address *to,
                     struct span bytes)
{
    if (l->relay < 0)
        return base_send(a, l->base, to, bytes);
    turn_client_send(a->relays[l->relay].client, to, bytes);
    return 0;
}

/* Section 7.1.1 wants the priority of a peer-reflexive candidate. For relayed
 * ones we keep the relay's: a peer that learns of the relay by this check,
 * before signalling brings it, would otherwise rank it above a direct path. */
static uint32_t check_priority(const struct ice_local *l)
{
    if (l->relay >= 0)
        return l->candidate.priority;
    return ice_candidate_priority(ICE_CANDIDATE_PRFLX, (uint16_t)(l->candidate.priority >> 8));
}

int binding_ask(struct ice_agent *a, const struct ice_generation *g, const struct ice_pair *pair,
                const uint8_t id[STUN_ID_LEN], bool nominates, bool is_first)
{
    const struct ice_local *l = a->locals[pair->local];
    uint8_t data[STUN_MESSAGE_MAX];
    uint8_t user[ICE_UFRAG_MAX + 1 + ICE_UFRAG_LEN];
    size_t remote_len = strlen(g->remote_ufrag);
    struct stun_writer w;
    memcpy(user, g->remote_ufrag, remote_len);
    user[remote_len] = ':';
    memcpy(user + remote_len + 1, g->local_ufrag, ICE_UFRAG_LEN);
    stun_begin(&w, data, sizeof data, STUN_REQUEST, STUN_BINDING, id);
    stun_put(&w, STUN_USERNAME, span_of(user, remote_len + 1 + ICE_UFRAG_LEN));
    stun_put_u32(&w, STUN_PRIORITY, check_priority(l));
    stun_put_u64(&w, a->is_controlling ? STUN_ICE_CONTROLLING : STUN_ICE_CONTROLLED,
                 a->tie_breaker);
    if (nominates && a->is_controlling)
        stun_put(&w, STUN_USE_CANDIDATE, (struct span){0});
    if (g == a->now && a->handlers.on_fill)
        a->handlers.on_fill(a->arg, &w, is_first);
    stun_put_integrity(&w, span_from_string(g->remote_pwd));
    stun_put_fingerprint(&w);
    return send_from(a, l, pair_remote(g, pair), stun_bytes(&w));
}

void binding_answer(struct ice_agent *a, const struct ice_generation *g, int local,
                    const struct ice_address *source, const struct stun_message *m, int error)
{
    const struct ice_local *l = a->locals[local];
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    stun_begin(&w, data, sizeof data, error ? STUN_ERROR : STUN_SUCCESS, STUN_BINDING, m->id);
    if (error)
        stun_put_error(&w, (enum stun_code)error);
    else
        stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, source);
    if (error == STUN_UNKNOWN_ATTRIBUTE) {
        uint8_t type[2] = {(uint8_t)(m->unknown >> 8), (uint8_t)m->unknown};
        stun_put(&w, STUN_UNKNOWN_ATTRIBUTES, span_of(type, sizeof type));
    }
    if (!error && g == a->now && a->handlers.on_fill)
        a->handlers.on_fill(a->arg, &w, memcmp(a->answered_id, m->id, STUN_ID_LEN) != 0);
    if (!error)
        memcpy(a->answered_id, m->id, STUN_ID_LEN);
    if (g)
        stun_put_integrity(&w, span_from_string(g->local_pwd));
    stun_put_fingerprint(&w);
    send_from(a, l, source, stun_bytes(&w));
}
