/*
 * RTCIceCandidateInit as browsers' JSON.stringify() writes it (W3C WebRTC
 * section 4.8.2). Members that this project does not need are ignored, also
 * when their type is wrong: other implementations write null, 0 or "" there.
 */
#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/alloc.h"
#include "rtc/candidate.h"

static char *string_member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!json_is_string(value) || json_string_length(value) == 0)
        return NULL;
    return xstrndup(span_of(json_string_value(value), json_string_length(value)));
}

int candidate_json_decode(struct span json, char **candidate, char **ufrag)
{
    *candidate = NULL;
    *ufrag = NULL;
    if (json.len > CANDIDATE_JSON_LEN_MAX)
        return -EINVAL;
    json_t *root = json_loadb((const char *)json.data, json.len, JSON_DECODE_ANY, NULL);
    if (!root)
        return -EINVAL;
    int error = 0;
    json_t *value = json_object_get(root, "candidate");
    if (!json_is_object(root) && !json_is_null(root))
        error = -EINVAL;
    else if (value && !json_is_string(value) && !json_is_null(value))
        error = -EINVAL;
    if (!error) {
        *candidate = string_member(root, "candidate");
        *ufrag = string_member(root, "usernameFragment");
    }
    json_decref(root);
    return error;
}

char *candidate_json_encode(const char *candidate, const char *mid, unsigned index,
                            const char *ufrag)
{
    json_t *root = json_object();
    json_object_set_new(root, "candidate", json_string(candidate));
    json_object_set_new(root, "sdpMid", *mid ? json_string(mid) : json_null());
    json_object_set_new(root, "sdpMLineIndex", json_integer((json_int_t)index));
    json_object_set_new(root, "usernameFragment", json_string(ufrag));
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text)
        abort();
    return text;
}
