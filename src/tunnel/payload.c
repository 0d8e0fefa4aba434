/*
 * Encoding builds a jansson object and dumps it; decoding walks one. Both
 * cross between bytes and text at one place each: text_from_bytes() and
 * bytes_from_text().
 */
#include "tunnel/payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/alloc.h"
#include "base/utf8.h"

static const char proto_name[] = "httptunnel";

/* --- text and bytes ------------------------------------------------------ */

/* ISO-8859-1 bytes as UTF-8 text. */
static json_t *text_from_bytes(struct span bytes)
{
    char *text = xcalloc(bytes.len * 2 + 1, 1);
    size_t len = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.data[i];
        if (byte < 0x80) {
            text[len++] = (char)byte;
        } else {
            text[len++] = (char)(0xc0 | byte >> 6);
            text[len++] = (char)(0x80 | (byte & 0x3f));
        }
    }
    json_t *out = json_stringn_nocheck(text, len);
    free(text);
    return out;
}

/* The reverse, in place of a copy in out, which has room for text.len bytes.
 * Returns the length. jansson has checked that the text is UTF-8. */
static size_t bytes_from_text(struct span text, uint8_t *out)
{
    size_t len = 0;
    for (struct span rest = text; rest.len > 0;) {
        uint32_t code = 0;
        rest = span_skip(rest, utf8_decode(rest, &code));
        if (code > 0xff) {
            memcpy(out, text.data, text.len);
            return text.len;
        }
        out[len++] = (uint8_t)code;
    }
    return len;
}

static struct span json_span(const json_t *string)
{
    return span_of(json_string_value(string), json_string_length(string));
}

static char *dump(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!text)
        abort(); /* all that we build can be dumped; only memory is lacking */
    return text;
}

static json_t *load_object(struct span json)
{
    json_t *root = json_loadb((const char *)json.data, json.len, JSON_ALLOW_NUL, NULL);
    if (root && !json_is_object(root)) {
        json_decref(root);
        root = NULL;
    }
    return root;
}

/* --- HELLO and AGREE ----------------------------------------------------- */

static json_t *features_to_json(unsigned features)
{
    json_t *array = json_array();
    for (unsigned bit = 0; bit < FEATURE_COUNT; bit++) {
        if (features & 1u << bit)
            json_array_append_new(array, json_string(feature_name(bit)));
    }
    return array;
}

/* Absent features are none. */
static unsigned features_from_json(const json_t *array)
{
    unsigned features = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *name = json_array_get(array, i);
        if (json_is_string(name))
            features |= feature_from_name(json_span(name));
    }
    return features;
}

/* Only what a feature that is offered needs. */
static void means_to_json(const struct session_means *means, json_t *object)
{
    json_object_set_new(object, "features", features_to_json(means->features));
    if (means->features & FEATURE_FLOW)
        json_object_set_new(object, "window", json_integer(means->window));
    if (means->features & FEATURE_CHANNELS)
        json_object_set_new(object, "channels", json_integer(means->channels));
}

/* A number of at least `least`; `most` stands for what is over it. One that is
 * absent stays as it is. False for what is no such number. */
static bool number_from_json(const json_t *value, json_int_t least, json_int_t most,
                             uint32_t *number)
{
    if (!value)
        return true;
    json_int_t got = json_integer_value(value);
    if (!json_is_integer(value) || got < least)
        return false;
    *number = (uint32_t)(got < most ? got : most);
    return true;
}

static bool means_from_json(const json_t *object, struct session_means *out)
{
    uint32_t channels = 0;
    out->features = features_from_json(json_object_get(object, "features"));
    out->window = WINDOW_DEFAULT;
    bool is_valid =
        number_from_json(json_object_get(object, "window"), 1, WINDOW_MOST, &out->window) &&
        number_from_json(json_object_get(object, "channels"), 0, UINT16_MAX, &channels);
    out->channels = channels;
    return is_valid;
}

/* A version number of 1 to 2^31 - 1; false for anything else. */
static bool version_from_json(const json_t *value, int *out)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 1 || number > INT32_MAX)
        return false;
    *out = (int)number;
    return true;
}

int hello_decode(struct span json, struct hello *out)
{
    json_t *root = load_object(json);
    const char *proto = json_string_value(json_object_get(root, "proto"));
    int result = -EINVAL;
    if (!proto || !version_from_json(json_object_get(root, "min_version"), &out->min_version) ||
        !version_from_json(json_object_get(root, "max_version"), &out->max_version))
        goto out;
    if (!means_from_json(root, &out->means))
        goto out;
    result = strcmp(proto, proto_name) == 0 ? 0 : -EPROTONOSUPPORT;
out:
    json_decref(root);
    return result;
}

int agree_decode(struct span json, struct agree *out)
{
    json_t *root = load_object(json);
    int result = -EINVAL;
    if (version_from_json(json_object_get(root, "version"), &out->version) &&
        means_from_json(root, &out->means))
        result = 0;
    json_decref(root);
    return result;
}

char *hello_encode(const struct hello *hello)
{
    json_t *root = json_pack("{s:s, s:i, s:i}", "proto", proto_name, "min_version",
                             hello->min_version, "max_version", hello->max_version);
    means_to_json(&hello->means, root);
    return dump(root);
}

char *agree_encode(const struct agree *agree)
{
    json_t *root = json_pack("{s:i}", "version", agree->version);
    means_to_json(&agree->means, root);
    return dump(root);
}

/* --- heads: encoding ------------------------------------------------------ */

/* The key under which a field of that name already stands, whatever its
 * letter case; NULL when there is none. */
static const char *find_key(json_t *headers, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach(headers, key, value)
    {
        if (strcasecmp(key, name) == 0)
            return key;
    }
    return NULL;
}

static json_t *join(const json_t *first, const char *separator, json_t *second)
{
    json_t *joined =
        json_sprintf("%s%s%s", json_string_value(first), separator, json_string_value(second));
    json_decref(second);
    return joined;
}

static json_t *fields_to_json(const struct head *head, bool *was_lossy)
{
    json_t *headers = json_object();
    for (size_t i = 0; i < head->count; i++) {
        char *name = xstrndup(head->at[i].name);
        json_t *value = text_from_bytes(head->at[i].value);
        const char *key = find_key(headers, name);
        if (!key) {
            json_object_set_new(headers, name, value);
        } else if (strcasecmp(name, "Set-Cookie") == 0) {
            json_object_set_new(headers, key, value);
            *was_lossy = true;
        } else {
            const char *separator = strcasecmp(name, "Cookie") == 0 ? "; " : ", ";
            json_t *joined = join(json_object_get(headers, key), separator, value);
            json_object_set_new(headers, key, joined);
        }
        free(name);
    }
    return headers;
}

char *request_json_encode(const struct head *head, uint32_t stream_id)
{
    bool was_lossy = false;
    json_t *root = json_object();
    json_object_set_new(root, "stream_id", json_integer(stream_id));
    json_object_set_new(root, "method", text_from_bytes(head->method));
    json_object_set_new(root, "path", text_from_bytes(head->target));
    json_object_set_new(root, "headers", fields_to_json(head, &was_lossy));
    return dump(root);
}

char *response_json_encode(const struct head *head, uint32_t stream_id, bool *was_lossy)
{
    enum { STATUS_MAX = 599 };
    /* RFC 9110 section 15: what is over it counts as a failure of the server;
     * in version 1 there is no such status. */
    int status = head->status <= STATUS_MAX ? head->status : 500;
    *was_lossy = false;
    json_t *root = json_object();
    json_object_set_new(root, "stream_id", json_integer(stream_id));
    json_object_set_new(root, "status", json_integer(status));
    json_object_set_new(root, "headers", fields_to_json(head, was_lossy));
    return dump(root);
}

/* --- heads: decoding ------------------------------------------------------ */

/* Room for all strings of the JSON as bytes: none is longer than its text
 * there. */
static uint8_t *make_storage(struct head *head, struct span json)
{
    head->storage = xcalloc(json.len, 1);
    head->storage_len = json.len;
    return head->storage;
}

/* Each of the next two moves *to behind what it has stored. */
static struct span store(uint8_t **to, const json_t *string)
{
    struct span bytes = span_of(*to, bytes_from_text(json_span(string), *to));
    *to += bytes.len;
    return bytes;
}

static struct span store_name(uint8_t **to, const char *name)
{
    struct span bytes = span_of(*to, strlen(name));
    memcpy(*to, name, bytes.len);
    *to += bytes.len;
    return bytes;
}

static bool add_field(struct head *head, struct span name, const json_t *value, uint8_t **to)
{
    if (!json_is_string(value) || head->count == HTTP_FIELDS_MAX)
        return false;
    struct span bytes = store(to, value);
    if (!http_is_token(name) || !http_is_field_value(bytes))
        return false;
    head_add(head, name, bytes);
    return true;
}

/* A peer may write several fields of one name as an array of strings, as
 * Node.js does for Set-Cookie; each becomes a field. */
static bool fields_from_json(json_t *headers, struct head *head, uint8_t **to)
{
    if (!json_is_object(headers))
        return false;
    const char *key;
    json_t *value;
    json_object_foreach(headers, key, value)
    {
        struct span name = store_name(to, key);
        if (!json_is_array(value)) {
            if (!add_field(head, name, value, to))
                return false;
            continue;
        }
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (!add_field(head, name, json_array_get(value, i), to))
                return false;
        }
    }
    return true;
}

/* What may stand between two spaces of a request line. */
static bool is_target(struct span path)
{
    if (path.len == 0 || path.len > HTTP_TARGET_MAX)
        return false;
    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] <= ' ' || path.data[i] == 0x7f)
            return false;
    }
    return path.data[0] == '/' || span_is_string(path, "*");
}

int request_json_decode(struct span json, struct head *out)
{
    json_t *root = load_object(json);
    json_t *method = json_object_get(root, "method");
    json_t *path = json_object_get(root, "path");
    int result = -EINVAL;
    if (!json_is_string(method) || !json_is_string(path))
        goto out;
    uint8_t *to = make_storage(out, json);
    out->method = store(&to, method);
    out->target = store(&to, path);
    if (http_is_token(out->method) && is_target(out->target) &&
        fields_from_json(json_object_get(root, "headers"), out, &to))
        result = 0;
    if (http_fields_find(head_fields(out), "Content-Length")) {
        out->framing = HTTP_BODY_LENGTH;
        out->is_framing_known = true;
    }
out:
    json_decref(root);
    return result;
}

int response_json_decode(struct span json, struct head *out)
{
    json_t *root = load_object(json);
    json_t *status = json_object_get(root, "status");
    json_int_t number = json_integer_value(status);
    int result = -EINVAL;
    uint8_t *to = make_storage(out, json);
    if (json_is_integer(status) && number >= 200 && number <= 999 &&
        fields_from_json(json_object_get(root, "headers"), out, &to)) {
        out->status = (int)number;
        out->reason = span_from_string(http_reason(out->status));
        result = 0;
    }
    json_decref(root);
    return result;
}
