/*
 * Schemes are of lower case here: what a signal server names goes on to
 * browsers as it is.
 */
#include "cli/ice_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/redact.h"

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool ice_url_has_scheme(enum ice_server_type type, const char *text)
{
    if (type == ICE_SERVER_STUN)
        return begins_with(text, "stun:");
    return begins_with(text, "turn:") || begins_with(text, "turns:");
}

const char *ice_url_check(enum ice_server_type type, const char *text)
{
    static const char *const usage[] = {
        [ICE_SERVER_STUN] = "must be stun:HOST[:PORT]",
        [ICE_SERVER_TURN] =
            "must be turn:HOST[:PORT][?transport=udp|tcp], or turns:HOST[:PORT] for TLS",
    };
    struct ice_server_url parsed;
    return ice_url_has_scheme(type, text) ? ice_server_url_parse(text, &parsed) : usage[type];
}

/* Of one, to be freed; NULL as below. */
static char *complete(enum ice_server_type type, const char *text)
{
    static const char *const schemes[] = {[ICE_SERVER_STUN] = "stun:", [ICE_SERVER_TURN] = "turn:"};
    bool has_scheme =
        ice_url_has_scheme(ICE_SERVER_STUN, text) || ice_url_has_scheme(ICE_SERVER_TURN, text);
    char *whole = xasprintf("%s%s", has_scheme ? "" : schemes[type], text);
    if (!ice_url_check(type, whole))
        return whole;
    free(whole);
    return NULL;
}

char *ice_url_complete(enum ice_server_type type, const char *text)
{
    char *copy = xstrdup(text);
    char *rest = copy;
    char *all = redact_can_be_typed(text) ? xstrdup("") : NULL;
    for (char *one; all && (one = strsep(&rest, ",")) != NULL;) {
        char *whole = complete(type, one);
        char *more = whole ? xasprintf("%s%s%s", all, *all ? "," : "", whole) : NULL;
        free(whole);
        free(all);
        all = more;
    }
    free(copy);
    if (all && strcmp(all, text) != 0)
        return all;
    free(all);
    return NULL;
}
