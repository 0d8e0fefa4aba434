/*
 * Our description goes out one turn after gathering began, with the
 * candidates of our own addresses in it: implementations that fail when they
 * start with none (aiortc does) then have something to check. What is found
 * later trickles.
 *
 * Their candidates may come before their description, from peers that send
 * the two by different ways; they wait here.
 *
 * An ICE restart is the same exchange once more (RFC 8829 section 4.1.8), by
 * descriptions that keep all but the ICE credentials and the candidates: the
 * o= line has the same session id and the next version, by which the other
 * side knows what it is about. Who answers takes part with new credentials of
 * its own.
 *
 * Both may begin at once. The one who made the session's first offer wins and
 * ignores the other's offer, but repeats its own: who offers may not have got
 * it, since signalling fails when addresses go. The other one answers. It need
 * not take back anything: its new credentials were to be answered, now they are
 * the answer. Its candidates came before that, so what bears a ufrag that we do
 * not know waits while an offer of ours is out.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/random.h"
#include "rtc/candidate.h"
#include "rtc/peer_internal.h"

/* ---- ours ---- */

static void send_candidate(struct peer *peer, const char *candidate)
{
    char *json = candidate_json_encode(candidate, peer->local.mid,
                                       (unsigned)peer->local.section_index, peer->local.ufrag);
    peer->handlers.on_candidate(json, peer->arg);
    free(json);
}

static void on_local_candidate(const char *candidate, void *arg)
{
    struct peer *peer = arg;
    if (!candidate)
        peer->is_gathered = true;
    else
        sdp_add_candidate(&peer->local, candidate);
    if (peer->is_described)
        send_candidate(peer, candidate ? candidate : "");
}

static void send_description(void *arg)
{
    struct peer *peer = arg;
    peer->is_describing = false;
    if (peer->state == PEER_CLOSED)
        return;
    peer->is_described = true;
    peer->local.end_of_candidates = peer->is_gathered;
    char *text = sdp_format(&peer->local);
    peer->local.session_version++;
    if (!peer->is_offering)
        peer->is_answered = true;
    peer->handlers.on_description(peer->is_offering ? SDP_OFFER : SDP_ANSWER, text, peer->arg);
    free(text);
    if (peer->is_gathered && peer->state != PEER_CLOSED)
        send_candidate(peer, "");
}

static void describe_later(struct peer *peer)
{
    if (peer->is_describing)
        return;
    peer->is_describing = true;
    loop_defer(peer->loop, send_description, peer);
}

static void copy_credentials(struct peer *peer)
{
    snprintf(peer->local.ufrag, sizeof peer->local.ufrag, "%s", ice_io_local_ufrag(peer->ice));
    snprintf(peer->local.pwd, sizeof peer->local.pwd, "%s", ice_io_local_pwd(peer->ice));
}

/* With peer->local initialized by its form. */
static void begin(struct peer *peer)
{
    peer_start_ice(peer, on_local_candidate);
    copy_credentials(peer);
    snprintf(peer->local.tool, sizeof peer->local.tool, "%s",
             peer->config.tool ? peer->config.tool : "");
    snprintf(peer->local.promise, sizeof peer->local.promise, "%s",
             peer->config.promise ? peer->config.promise : "");
    memcpy(peer->local.fingerprint, cert_fingerprint(peer->config.cert), CERT_FINGERPRINT_LEN);
    peer->local.has_sped = peer->is_offerer || peer->remote.has_sped;
    peer_describe_sctp(peer);
    peer->local.has_relay_tag = peer->config.takes_relay;
    random_bytes(peer->local.relay_tag, sizeof peer->local.relay_tag);
    peer->is_fresh = true;
    ice_io_gather(peer->ice);
    describe_later(peer);
}

void peer_offer(struct peer *peer)
{
    assert(!peer->ice && peer->state == PEER_NEW);
    peer->is_offerer = true;
    peer->is_offering = true;
    sdp_init_offer(&peer->local);
    begin(peer);
}

/* The candidates of the next generation are about to come. */
static void forget_local(struct peer *peer)
{
    sdp_clear_candidates(&peer->local);
    peer->is_described = false;
    peer->is_gathered = false;
    peer->is_fresh = true;
}

int peer_restart(struct peer *peer)
{
    if (peer->state != PEER_OPEN)
        return -ENOTCONN;
    if (peer->is_offering)
        return -EALREADY;
    if (!peer_can_restart(peer))
        return -ENOTSUP;
    peer->is_offering = true;
    peer->local.setup = SDP_ACTPASS; /* RFC 8842 section 5.5: also with DTLS up */
    forget_local(peer);
    ice_io_update_addresses(peer->ice);
    ice_io_restart(peer->ice);
    copy_credentials(peer);
    describe_later(peer);
    return 0;
}

bool peer_can_restart(const struct peer *peer)
{
    return peer->restarts != RESTARTS_FAIL && !peer->remote.cannot_restart;
}

bool peer_is_offering(const struct peer *peer)
{
    return peer->is_offering;
}

void peer_abandon_restart(struct peer *peer)
{
    peer->is_offering = false;
    peer->is_answered = false; /* signalling may have lost that as well */
}

bool peer_update_addresses(struct peer *peer)
{
    return peer->ice && ice_io_update_addresses(peer->ice);
}

/* ---- theirs ---- */

/* Of a peer connection that is gone, or of another one (RFC 8839 5.4). */
static bool is_foreign(const struct peer *peer, const char *ufrag)
{
    return ufrag && strcmp(ufrag, peer->remote.ufrag) != 0;
}

static int use_candidate(struct peer *peer, const char *candidate, const char *ufrag)
{
    if (!peer->ice || is_foreign(peer, ufrag))
        return -EINVAL;
    if (!candidate) {
        ice_io_end_of_remote_candidates(peer->ice);
        return 0;
    }
    if (peer->remote_candidates == SDP_CANDIDATES_MAX)
        return -EINVAL;
    int error = ice_io_add_remote_candidate(peer->ice, candidate);
    if (error < 0)
        log_debug("peer: skipped the other side's \"%s\"", candidate);
    else
        peer->remote_candidates++;
    return error;
}

/* Takes both over. */
static void keep_early(struct peer *peer, char *candidate, char *ufrag)
{
    if (!peer->early)
        peer->early = xcalloc(SDP_CANDIDATES_MAX, sizeof *peer->early);
    peer->early[peer->early_count++] = (struct early_candidate){candidate, ufrag};
}

static void forget_early(struct peer *peer)
{
    for (size_t i = 0; i < peer->early_count; i++) {
        free(peer->early[i].candidate);
        free(peer->early[i].ufrag);
    }
    free(peer->early);
    peer->early = NULL;
    peer->early_count = 0;
}

static void use_remote(struct peer *peer)
{
    peer->is_fresh = false;
    peer->remote_candidates = 0;
    ice_io_set_remote_pacing(peer->ice, peer->remote.pacing_ms);
    ice_io_set_remote_credentials(peer->ice, peer->remote.ufrag, peer->remote.pwd);
    for (size_t i = 0; i < peer->remote.candidate_count; i++)
        use_candidate(peer, peer->remote.candidates[i], NULL);
    if (peer->remote.end_of_candidates)
        use_candidate(peer, NULL, NULL);
    for (size_t i = 0; i < peer->early_count; i++)
        use_candidate(peer, peer->early[i].candidate, peer->early[i].ufrag);
    forget_early(peer);
}

/* Takes over *sdp. */
static void keep_remote(struct peer *peer, const struct sdp *sdp)
{
    sdp_deinit(&peer->remote);
    peer->remote = *sdp;
    peer->has_remote = true;
}

static enum dtls_role role_by(const struct sdp *answer)
{
    return answer->setup == SDP_ACTIVE ? DTLS_SERVER : DTLS_CLIENT;
}

static int take_answer(struct peer *peer, const struct sdp *sdp, const char **why)
{
    if (!peer->is_offering) {
        *why = peer->has_remote ? "an answer has come before" : "there was no offer of ours";
        return -EINVAL;
    }
    bool is_first = !peer->has_remote;
    /* DTLS is up, and who began it is of no further interest: Firefox answers
     * a restart with "active" although it is not. */
    if (is_first && sdp->setup == SDP_ACTPASS) {
        *why = "the answer does not say which side begins DTLS (a=setup)";
        return -EINVAL;
    }
    if (is_first && !peer_take_sctp_answer(peer, sdp)) {
        *why = "its a=sctp-init is no INIT chunk";
        return -EINVAL;
    }
    peer->is_offering = false;
    if (is_first)
        peer->role = role_by(sdp);
    else
        peer->restarts = RESTARTS_WORK;
    keep_remote(peer, sdp);
    if (is_first)
        peer_start_transport(peer); /* what it has to say rides with the first check */
    use_remote(peer);
    return 0;
}

static void take_first_offer(struct peer *peer, const struct sdp *sdp)
{
    /* Active where there is a choice: the DTLS handshake then begins half a
     * round trip earlier (RFC 8842 section 5.3). */
    peer->role = role_by(sdp);
    sdp_init_answer(&peer->local, sdp);
    keep_remote(peer, sdp);
    begin(peer);
    peer_start_transport(peer);
    use_remote(peer);
}

/* Of a session that stands. Without new credentials nothing is restarted. */
static void take_next_offer(struct peer *peer, const struct sdp *sdp)
{
    bool is_restart = peer_has_new_credentials(peer, sdp);
    /* Otherwise we have just restarted, too. */
    bool restarts_us = is_restart && !peer->is_fresh;
    peer->is_offering = false;
    if (is_restart)
        peer->restarts = RESTARTS_WORK;
    keep_remote(peer, sdp);
    if (restarts_us) {
        forget_local(peer);
        ice_io_update_addresses(peer->ice);
    }
    if (is_restart || peer->is_fresh)
        use_remote(peer);
    peer->is_answered = false;
    copy_credentials(peer);
}

static int take_offer(struct peer *peer, const struct sdp *sdp, const char **why)
{
    if (peer->has_remote && peer->state != PEER_OPEN) {
        *why = "an offer has come before";
        return -EINVAL;
    }
    if (!peer->has_remote && peer->is_offerer) {
        *why = "both sides have made an offer";
        return -EINVAL;
    }
    if (!peer->has_remote)
        take_first_offer(peer, sdp);
    else
        take_next_offer(peer, sdp);
    peer->local.setup = peer->role == DTLS_CLIENT ? SDP_ACTIVE : SDP_PASSIVE;
    describe_later(peer);
    return 0;
}

/* 0 where a description may be taken, also where it is of no use. */
static int check_match(struct peer *peer, enum peer_match match, const char **why)
{
    if (match == PEER_MATCH_SESSION || match == PEER_MATCH_LATE)
        return 0;
    *why = "it is of another session";
    if (match == PEER_MATCH_NO_RESTART) {
        peer->restarts = RESTARTS_FAIL;
        *why = "the other side takes no part in the restart";
    }
    return -EINVAL;
}

int peer_set_remote(struct peer *peer, enum sdp_type type, const char *sdp, const char **why)
{
    if (peer->state == PEER_CLOSED) {
        *why = "the connection is closed";
        return -EINVAL;
    }
    bool is_offer = type == SDP_OFFER;
    struct sdp parsed;
    int error = sdp_parse(sdp, &parsed, why);
    if (error < 0)
        return error;
    enum peer_match found = peer_match_sdp(peer, type, &parsed);
    bool is_crossing = is_offer && peer->has_remote && peer->is_offering;
    bool has_won = is_crossing && peer->is_offerer;
    /* Their offer, repeated because of an offer of ours that has its answer by
     * now. The one that is out is newer. */
    bool is_late = found == PEER_MATCH_LATE || (is_crossing && !has_won && peer->is_answered &&
                                                !peer_has_new_credentials(peer, &parsed));
    if (peer->has_remote)
        error = check_match(peer, found, why);
    if (!error && has_won)
        describe_later(peer);
    else if (!error && !is_late)
        error = is_offer ? take_offer(peer, &parsed, why) : take_answer(peer, &parsed, why);
    if (error < 0 || has_won || is_late)
        sdp_deinit(&parsed);
    return error;
}

/* Whether the description that it belongs to is still to come: ours was not
 * answered, or it bears the ufrag of an offer that lost against ours. */
static bool is_early(const struct peer *peer, const char *ufrag)
{
    return !peer->has_remote || (peer->is_offering && is_foreign(peer, ufrag));
}

int peer_add_candidate(struct peer *peer, const char *candidate_json)
{
    char *candidate;
    char *ufrag;
    int error = candidate_json_decode(span_from_string(candidate_json), &candidate, &ufrag);
    if (error < 0)
        return error;
    if (is_early(peer, ufrag) && peer->state != PEER_CLOSED) {
        if (peer->early_count == SDP_CANDIDATES_MAX) {
            error = -EINVAL;
        } else {
            keep_early(peer, candidate, ufrag);
            return 0;
        }
    }
    if (!error)
        error = use_candidate(peer, candidate, ufrag);
    free(candidate);
    free(ufrag);
    return error;
}

void peer_signal_deinit(struct peer *peer)
{
    forget_early(peer);
    sdp_deinit(&peer->local);
    sdp_deinit(&peer->remote);
}
