/*
 * Our description goes out one turn after gathering began, with the
 * candidates of our own addresses in it: implementations that fail when they
 * start with none (aiortc does) then have something to check. What is found
 * later trickles.
 *
 * Their candidates may come before their description, from peers that send
 * the two by different ways; they wait here.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
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

void peer_on_local_candidate(const char *candidate, void *arg)
{
    struct peer *peer = arg;
    if (!candidate)
        peer->is_gathered = true;
    if (peer->is_described)
        send_candidate(peer, candidate ? candidate : "");
    else if (candidate)
        sdp_add_candidate(&peer->local, candidate);
}

static void send_description(void *arg)
{
    struct peer *peer = arg;
    if (peer->state == PEER_CLOSED)
        return;
    peer->is_described = true;
    peer->local.end_of_candidates = peer->is_gathered;
    char *text = sdp_format(&peer->local);
    peer->handlers.on_description(peer->is_offerer ? "offer" : "answer", text, peer->arg);
    free(text);
    if (peer->is_gathered && peer->state != PEER_CLOSED)
        send_candidate(peer, "");
}

/* With peer->local initialized by its form. */
static void begin(struct peer *peer)
{
    peer_start_ice(peer);
    snprintf(peer->local.ufrag, sizeof peer->local.ufrag, "%s", ice_local_ufrag(peer->ice));
    snprintf(peer->local.pwd, sizeof peer->local.pwd, "%s", ice_local_pwd(peer->ice));
    snprintf(peer->local.tool, sizeof peer->local.tool, "%s",
             peer->config.tool ? peer->config.tool : "");
    memcpy(peer->local.fingerprint, cert_fingerprint(peer->config.cert), CERT_FINGERPRINT_LEN);
    ice_gather(peer->ice);
    loop_defer(peer->loop, send_description, peer);
}

void peer_offer(struct peer *peer)
{
    assert(!peer->ice && peer->state == PEER_NEW);
    peer->is_offerer = true;
    sdp_init_offer(&peer->local);
    begin(peer);
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
        ice_end_of_remote_candidates(peer->ice);
        return 0;
    }
    if (peer->remote_candidates == SDP_CANDIDATES_MAX)
        return -EINVAL;
    int error = ice_add_remote_candidate(peer->ice, candidate);
    if (error < 0)
        log_debug("peer: skipped the other side's \"%s\"", candidate);
    else
        peer->remote_candidates++;
    return error;
}

static void forget_early(struct peer *peer)
{
    for (size_t i = 0; i < peer->early_count; i++) {
        free(peer->early[i].candidate);
        free(peer->early[i].ufrag);
    }
    peer->early_count = 0;
}

static void use_remote(struct peer *peer)
{
    ice_set_remote_credentials(peer->ice, peer->remote.ufrag, peer->remote.pwd);
    for (size_t i = 0; i < peer->remote.candidate_count; i++)
        use_candidate(peer, peer->remote.candidates[i], NULL);
    if (peer->remote.end_of_candidates)
        use_candidate(peer, NULL, NULL);
    for (size_t i = 0; i < peer->early_count; i++)
        use_candidate(peer, peer->early[i].candidate, peer->early[i].ufrag);
    forget_early(peer);
    peer_start_transport(peer);
}

static int set_answer(struct peer *peer, const struct sdp *sdp, const char **why)
{
    if (!peer->is_offerer || peer->has_remote) {
        *why = peer->is_offerer ? "an answer has come before" : "there was no offer of ours";
        return -EINVAL;
    }
    if (sdp->setup == SDP_ACTPASS) {
        *why = "the answer does not say which side begins DTLS (a=setup)";
        return -EINVAL;
    }
    peer->role = sdp->setup == SDP_ACTIVE ? DTLS_SERVER : DTLS_CLIENT;
    return 0;
}

static int set_offer(struct peer *peer, const struct sdp *sdp, const char **why)
{
    if (peer->is_offerer || peer->has_remote) {
        *why = peer->is_offerer ? "both sides have made an offer" : "an offer has come before";
        return -EINVAL;
    }
    /* Active where there is a choice: the DTLS handshake then begins half a
     * round trip earlier (RFC 8842 section 5.3). */
    peer->role = sdp->setup == SDP_ACTIVE ? DTLS_SERVER : DTLS_CLIENT;
    sdp_init_answer(&peer->local, sdp);
    peer->local.setup = peer->role == DTLS_CLIENT ? SDP_ACTIVE : SDP_PASSIVE;
    return 0;
}

int peer_set_remote(struct peer *peer, const char *type, const char *sdp, const char **why)
{
    if (peer->state == PEER_CLOSED) {
        *why = "the connection is closed";
        return -EINVAL;
    }
    bool is_offer = strcmp(type, "offer") == 0;
    if (!is_offer && strcmp(type, "answer") != 0) {
        *why = "it is neither an offer nor an answer";
        return -EINVAL;
    }
    struct sdp parsed;
    int error = sdp_parse(sdp, &parsed, why);
    if (error < 0)
        return error;
    error = is_offer ? set_offer(peer, &parsed, why) : set_answer(peer, &parsed, why);
    if (error < 0) {
        sdp_deinit(&parsed);
        return error;
    }
    peer->remote = parsed;
    peer->has_remote = true;
    if (is_offer)
        begin(peer);
    use_remote(peer);
    return 0;
}

int peer_add_candidate(struct peer *peer, const char *candidate_json)
{
    char *candidate;
    char *ufrag;
    int error = candidate_json_decode(span_from_string(candidate_json), &candidate, &ufrag);
    if (error < 0)
        return error;
    if (!peer->has_remote && peer->state != PEER_CLOSED) {
        if (peer->early_count == SDP_CANDIDATES_MAX) {
            error = -EINVAL;
        } else {
            peer->early[peer->early_count++] = (struct early_candidate){candidate, ufrag};
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
