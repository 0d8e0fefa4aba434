/*
 * Long-term credentials: the first request goes out bare, the server answers
 * 401 with its realm and a nonce, and the same request goes out again signed.
 * A nonce expires now and then: 438 brings a new one. A server may also change
 * its realm. Credentials that were refused are not tried twice.
 */
#include <string.h>

#include "ice/turn_internal.h"

static bool copy_string(char out[STUN_STRING_MAX + 1], struct span s)
{
    if (s.len == 0 || s.len > STUN_STRING_MAX || memchr(s.data, 0, s.len))
        return false;
    memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return true;
}

void turn_auth_sign(const struct turn_auth *auth, struct stun_writer *w, bool with_auth)
{
    if (with_auth) {
        stun_put(w, STUN_USERNAME, span_from_string(auth->user));
        stun_put(w, STUN_REALM, span_from_string(auth->realm));
        stun_put(w, STUN_NONCE, span_from_string(auth->nonce));
        stun_put_integrity(w, span_of(auth->key, sizeof auth->key));
    }
    stun_put_fingerprint(w);
}

enum turn_verdict turn_auth_on_error(struct turn_auth *auth, struct turn_request *request,
                                     const struct stun_message *m, int code)
{
    struct span realm = {0};
    struct span nonce = {0};
    if (code != STUN_UNAUTHENTICATED && code != STUN_STALE_NONCE)
        return code == STUN_WRONG_CREDENTIALS ? TURN_AUTH_WRONG : TURN_AUTH_OTHER;
    if (!stun_find(m, STUN_NONCE, &nonce) || ++request->auth_tries > TURN_AUTH_TRIES_MAX)
        return TURN_AUTH_WRONG;
    bool has_realm = stun_find(m, STUN_REALM, &realm);
    bool is_same = auth->is_known && (!has_realm || span_is_string(realm, auth->realm));
    /* A request that was signed with a nonce since replaced is no proof. */
    if (code == STUN_UNAUTHENTICATED && request->has_auth && is_same &&
        span_is_string(nonce, auth->nonce))
        return TURN_AUTH_WRONG;
    if (code == STUN_UNAUTHENTICATED && request->has_auth && is_same && request->auth_tries > 1)
        return TURN_AUTH_WRONG;
    if (has_realm && !copy_string(auth->realm, realm))
        return TURN_AUTH_WRONG;
    if ((!has_realm && !auth->is_known) || !copy_string(auth->nonce, nonce))
        return TURN_AUTH_WRONG;
    auth->is_known = stun_long_term_key(span_from_string(auth->user), span_from_string(auth->realm),
                                        span_from_string(auth->pass), auth->key);
    return auth->is_known ? TURN_AUTH_RETRY : TURN_AUTH_WRONG;
}

bool turn_auth_check(const struct turn_auth *auth, const struct turn_request *request,
                     const struct stun_message *m)
{
    if (!request->has_auth)
        return true;
    if (m->integrity_at)
        return stun_check_integrity(m, span_of(auth->key, sizeof auth->key));
    /* Servers leave errors unsigned; a forged one only denies service, which
     * whoever can forge it could do anyway. */
    return m->class == STUN_ERROR;
}
