/*
 * A process is known by its certificate, a session of it by the id in its o=
 * line. One that restarts ICE keeps the id (RFC 8829 section 5.2.2), but not
 * all do.
 */
#include "ice/candidate.h"
#include "rtc/peer_internal.h"

bool peer_has_new_credentials(const struct peer *peer, const struct sdp *sdp)
{
    return strcmp(sdp->ufrag, peer->remote.ufrag) != 0;
}

static bool is_same_process(const struct peer *peer, const struct sdp *sdp)
{
    return memcmp(sdp->fingerprint, peer->remote.fingerprint, CERT_FINGERPRINT_LEN) == 0;
}

static bool parse_host(const char *line, struct ice_candidate *out)
{
    return ice_candidate_parse(span_from_string(line), out) == 0 && !out->is_tcp &&
           out->type == ICE_CANDIDATE_HOST && out->address.family != ICE_FAMILY_NONE;
}

/* Both list a socket of one ICE agent. */
static bool shares_socket(const struct sdp *a, const struct sdp *b)
{
    struct ice_candidate ours, theirs;
    for (size_t i = 0; i < a->candidate_count; i++) {
        if (!parse_host(a->candidates[i], &ours))
            continue;
        for (size_t k = 0; k < b->candidate_count; k++) {
            if (parse_host(b->candidates[k], &theirs) &&
                ice_address_is_equal(&ours.address, &theirs.address))
                return true;
        }
    }
    return false;
}

/* With another session id, but new credentials for the sockets and the DTLS
 * role that it had: so restarts werift. */
static bool is_restart_in_disguise(const struct peer *peer, const struct sdp *sdp)
{
    enum sdp_setup setup = peer->role == DTLS_SERVER ? SDP_ACTIVE : SDP_PASSIVE;
    return sdp->setup == setup && shares_socket(&peer->remote, sdp);
}

/* libdatachannel's restart has another id as well, but restarts nothing. */
static bool has_same_agent(const struct peer *peer, const struct sdp *sdp)
{
    if (peer_has_new_credentials(peer, sdp))
        return is_restart_in_disguise(peer, sdp);
    return strcmp(sdp->pwd, peer->remote.pwd) == 0;
}

static bool is_same_session(const struct peer *peer, const struct sdp *sdp)
{
    return is_same_process(peer, sdp) &&
           (sdp->session_id == peer->remote.session_id || has_same_agent(peer, sdp));
}

/* An answer while an offer to restart is out. Whoever has been seen to
 * restart does so again: without new credentials, that is the answer to an
 * offer before. */
static enum peer_match match_answer(const struct peer *peer, const struct sdp *sdp)
{
    bool is_same = is_same_session(peer, sdp);
    if (is_same && peer_has_new_credentials(peer, sdp))
        return PEER_MATCH_SESSION;
    return is_same && peer->restarts == RESTARTS_WORK ? PEER_MATCH_LATE : PEER_MATCH_NO_RESTART;
}

enum peer_match peer_match_sdp(const struct peer *peer, enum sdp_type type, const struct sdp *sdp)
{
    if (!peer->has_remote || !is_same_process(peer, sdp))
        return PEER_MATCH_NONE;
    if (type == SDP_ANSWER && peer->is_offering)
        return match_answer(peer, sdp);
    return is_same_session(peer, sdp) ? PEER_MATCH_SESSION : PEER_MATCH_PROCESS;
}

enum peer_match peer_match(const struct peer *peer, enum sdp_type type, const char *sdp)
{
    struct sdp parsed;
    const char *why;
    if (sdp_parse(sdp, &parsed, &why) < 0)
        return PEER_MATCH_NONE;
    enum peer_match result = peer_match_sdp(peer, type, &parsed);
    sdp_deinit(&parsed);
    return result;
}
