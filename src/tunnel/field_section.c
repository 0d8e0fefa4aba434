/*
 * Encoding measures first and then writes into one reservation; decoding cuts
 * spans off the front of the payload, each by a length that is checked against
 * what is left.
 *
 *   flags, low 2 bits: 0 no body, 1 Content-Length, 2 unknown length, 3 pipe
 */
#include "tunnel/field_section.h"

#include <errno.h>

#include "base/bytes.h"
#include "tunnel/frame.h"

enum {
    BODY_NONE = 0,
    BODY_LENGTH = 1,
    BODY_UNKNOWN = 2,
    BODY_PIPE = 3,
    BODY_MASK = 3,

    LEN8_MAX = 255,
    FIELD_OVERHEAD = 4, /* two lengths */
    REQUEST_OVERHEAD = 4,
    RESPONSE_OVERHEAD = 4
};

/* --- encoding ------------------------------------------------------------- */

static size_t section_len(struct http_fields fields)
{
    size_t len = 0;
    for (size_t i = 0; i < fields.count; i++)
        len += FIELD_OVERHEAD + fields.at[i].name.len + fields.at[i].value.len;
    return len;
}

static uint8_t *put_bytes(uint8_t *to, struct span bytes)
{
    if (bytes.len > 0)
        memcpy(to, bytes.data, bytes.len);
    return to + bytes.len;
}

static uint8_t *put_string16(uint8_t *to, struct span bytes)
{
    put_u16be(to, (uint16_t)bytes.len);
    return put_bytes(to + 2, bytes);
}

static void put_section(uint8_t *to, struct http_fields fields)
{
    for (size_t i = 0; i < fields.count; i++) {
        to = put_string16(to, fields.at[i].name);
        to = put_string16(to, fields.at[i].value);
    }
}

static uint8_t flags_of(enum http_framing framing)
{
    switch (framing) {
    case HTTP_BODY_NONE:
        break;
    case HTTP_BODY_LENGTH:
        return BODY_LENGTH;
    case HTTP_BODY_UNKNOWN:
        return BODY_UNKNOWN;
    case HTTP_BODY_PIPE:
        return BODY_PIPE;
    }
    return BODY_NONE;
}

/* Room for a payload of that length. A payload that fits a frame has no string
 * over 65535 bytes in it. */
static uint8_t *reserve(struct buf *out, size_t len)
{
    return len <= FRAME_PAYLOAD_MAX ? buf_reserve(out, len) : NULL;
}

int request_fields_encode(const struct head *head, struct buf *out)
{
    size_t len = REQUEST_OVERHEAD + head->method.len + head->target.len;
    len += section_len(head_fields(head));
    uint8_t *to = head->method.len <= LEN8_MAX ? reserve(out, len) : NULL;
    if (!to)
        return -EMSGSIZE;
    *to++ = flags_of(head->framing);
    *to++ = (uint8_t)head->method.len;
    to = put_bytes(to, head->method);
    to = put_string16(to, head->target);
    put_section(to, head_fields(head));
    buf_commit(out, len);
    return 0;
}

int response_fields_encode(const struct head *head, struct buf *out)
{
    struct span reason = head->reason;
    if (reason.len > LEN8_MAX)
        reason.len = 0;
    size_t len = RESPONSE_OVERHEAD + reason.len + section_len(head_fields(head));
    uint8_t *to = reserve(out, len);
    if (!to)
        return -EMSGSIZE;
    *to++ = flags_of(head->framing);
    put_u16be(to, (uint16_t)head->status);
    to[2] = (uint8_t)reason.len;
    to = put_bytes(to + 3, reason);
    put_section(to, head_fields(head));
    buf_commit(out, len);
    return 0;
}

int trailers_encode(struct http_fields trailers, struct buf *out)
{
    size_t len = section_len(trailers);
    uint8_t *to = reserve(out, len);
    if (!to)
        return -EMSGSIZE;
    put_section(to, trailers);
    buf_commit(out, len);
    return 0;
}

/* --- decoding ------------------------------------------------------------- */

/* Whose fields they are. */
enum section {
    SECTION_REQUEST,
    SECTION_PIPE_REQUEST,
    SECTION_RESPONSE,
    SECTION_PIPE_RESPONSE,
    SECTION_TRAILERS
};

/* Cuts len bytes off the front; false when there are fewer. */
static bool take(struct span *rest, size_t len, struct span *out)
{
    if (len > rest->len)
        return false;
    *out = span_of(rest->data, len);
    *rest = span_skip(*rest, len);
    return true;
}

static bool take_number(struct span *rest, size_t size, unsigned *out)
{
    struct span bytes;
    if (!take(rest, size, &bytes))
        return false;
    *out = size == 1 ? bytes.data[0] : get_u16be(bytes.data);
    return true;
}

/* A string behind its length, which has len_size bytes. */
static bool take_string(struct span *rest, size_t len_size, struct span *out)
{
    unsigned len;
    return take_number(rest, len_size, &len) && take(rest, len, out);
}

/* Fields that concern one connection only would act on one that they were not
 * said of. Two are said to the far end all the same: the protocols that a pipe
 * may switch to, and that trailers are welcome. */
static bool may_travel(const struct http_field *field, enum section section)
{
    if (!http_field_is_hop_by_hop(field->name, (struct http_fields){0}))
        return true;
    if (span_is_string_nocase(field->name, "Upgrade"))
        return section == SECTION_PIPE_REQUEST || section == SECTION_PIPE_RESPONSE;
    return span_is_string_nocase(field->name, "TE") && span_is_string(field->value, "trailers") &&
           (section == SECTION_REQUEST || section == SECTION_PIPE_REQUEST);
}

static bool take_section(struct span rest, enum section section, struct http_field *at,
                         size_t *count)
{
    for (*count = 0; rest.len > 0; ++*count) {
        struct http_field field;
        if (*count == HTTP_FIELDS_MAX || !take_string(&rest, 2, &field.name) ||
            !take_string(&rest, 2, &field.value))
            return false;
        if (!http_is_token(field.name) || !http_is_field_value(field.value) ||
            !may_travel(&field, section))
            return false;
        at[*count] = field;
    }
    return true;
}

static bool take_framing(struct span *rest, enum http_framing *framing)
{
    static const enum http_framing framings[] = {
        [BODY_NONE] = HTTP_BODY_NONE,
        [BODY_LENGTH] = HTTP_BODY_LENGTH,
        [BODY_UNKNOWN] = HTTP_BODY_UNKNOWN,
        [BODY_PIPE] = HTTP_BODY_PIPE,
    };
    unsigned flags;
    if (!take_number(rest, 1, &flags))
        return false;
    *framing = framings[flags & BODY_MASK];
    return true;
}

/* A length stands among the fields where the framing says so, and nowhere
 * else; but a response without a body may tell what its length would be, as to
 * HEAD (RFC 9110 section 8.6). */
static bool is_length_consistent(const struct head *head)
{
    uint64_t length;
    int has_length = http_content_length(head_fields(head), &length);
    if (has_length < 0)
        return false;
    if (head->framing == HTTP_BODY_NONE)
        return !has_length || head->status != 0;
    return (has_length > 0) == (head->framing == HTTP_BODY_LENGTH);
}

/* host:port, and nothing that could be another form. */
static bool is_authority(struct span target)
{
    const uint8_t *colon = span_find_last(target, ':');
    return colon && colon > target.data && !memchr(target.data, '/', target.len) &&
           !memchr(target.data, '@', target.len) && !memchr(target.data, '?', target.len);
}

/* What may be asked of an upstream. A pipe is asked for by CONNECT, or by
 * naming a protocol. */
static bool is_target_consistent(const struct head *head)
{
    struct span target = head->target;
    bool is_pipe = head->framing == HTTP_BODY_PIPE;
    if (target.len > HTTP_TARGET_MAX || !http_is_target(target))
        return false;
    if (span_is_string(head->method, "CONNECT"))
        return is_pipe && (is_authority(target) || span_is_string(target, "*"));
    if (is_pipe && !http_fields_find(head_fields(head), "Upgrade"))
        return false;
    return target.data[0] == '/' ||
           (span_is_string(target, "*") && span_is_string(head->method, "OPTIONS"));
}

int request_fields_decode(struct span payload, struct head *out)
{
    struct span rest = payload;
    if (!take_framing(&rest, &out->framing) || !take_string(&rest, 1, &out->method) ||
        !take_string(&rest, 2, &out->target))
        return -EINVAL;
    bool is_pipe = out->framing == HTTP_BODY_PIPE;
    if (!take_section(rest, is_pipe ? SECTION_PIPE_REQUEST : SECTION_REQUEST, out->at, &out->count))
        return -EINVAL;
    out->is_framing_known = true;
    bool is_valid =
        http_is_token(out->method) && is_target_consistent(out) && is_length_consistent(out);
    return is_valid ? 0 : -EINVAL;
}

int response_fields_decode(struct span payload, struct head *out)
{
    struct span rest = payload;
    unsigned status;
    if (!take_framing(&rest, &out->framing) || !take_number(&rest, 2, &status) ||
        !take_string(&rest, 1, &out->reason))
        return -EINVAL;
    bool is_pipe = out->framing == HTTP_BODY_PIPE;
    if (!take_section(rest, is_pipe ? SECTION_PIPE_RESPONSE : SECTION_RESPONSE, out->at,
                      &out->count))
        return -EINVAL;
    out->is_framing_known = true;
    out->status = (int)status;
    bool is_valid = status >= 100 && status <= 999 && http_is_field_value(out->reason) &&
                    is_length_consistent(out);
    return is_valid ? 0 : -EINVAL;
}

int trailers_decode(struct span payload, struct http_field *at, size_t *count)
{
    if (!take_section(payload, SECTION_TRAILERS, at, count))
        return -EINVAL;
    for (size_t i = 0; i < *count; i++) {
        if (http_field_is_barred_from_trailers(at[i].name))
            return -EINVAL;
    }
    return 0;
}
