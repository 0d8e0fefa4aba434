/*
 * A head is read line by line from the front, each time from the start: the
 * caller keeps an incomplete head and calls again with more. Lines are never
 * unfolded.
 *
 *   head  = first-line CRLF *( name ":" OWS value OWS CRLF ) CRLF
 */
#include "http/parse.h"

enum {
    /* A request line that is this much longer behind its method than the
     * longest target without having ended will never fit: 414 at once. */
    REQUEST_LINE_SLACK = 64,
    /* Before a request line; clients of old sent one behind a body. Each line
     * may end a head, so a head of nothing else would be read as often. */
    EMPTY_LINES_MAX = 8,
    MAJOR_VERSION = 1,
};

enum line { LINE_MORE, LINE_DONE, LINE_BAD };

/* Takes a line without its end off the front. */
static enum line take_line(struct span *in, enum http_line_end end, struct span *line)
{
    if (in->len == 0)
        return LINE_MORE;
    const uint8_t *lf = memchr(in->data, '\n', in->len);
    if (!lf)
        return LINE_MORE;
    size_t len = (size_t)(lf - in->data);
    bool has_cr = len > 0 && lf[-1] == '\r';
    if (!has_cr && end == HTTP_CRLF)
        return LINE_BAD;
    *line = span_of(in->data, len - has_cr);
    *in = span_skip(*in, len + 1);
    return LINE_DONE;
}

/* "HTTP/1.x"; any minor version above 1 is spoken to as 1.1. */
static int parse_version(struct span text, int *minor)
{
    if (text.len != 8 || !span_starts_with(text, "HTTP/") || text.data[6] != '.')
        return HTTP_BAD_SYNTAX;
    int major = text.data[5] - '0';
    int low = text.data[7] - '0';
    if (major < 0 || major > 9 || low < 0 || low > 9)
        return HTTP_BAD_SYNTAX;
    if (major != MAJOR_VERSION)
        return HTTP_BAD_VERSION;
    *minor = low > 0;
    return 0;
}

static int parse_field(struct span line, struct http_field *field)
{
    /* A token has no space: this refuses a space before the colon and a line
     * that begins with one (obs-fold). */
    size_t name_len = http_token_len(line);
    if (name_len == 0 || name_len == line.len || line.data[name_len] != ':')
        return HTTP_BAD_SYNTAX;
    field->name = span_of(line.data, name_len);
    field->value = http_trim(span_skip(line, name_len + 1));
    return http_is_field_value(field->value) ? 0 : HTTP_BAD_SYNTAX;
}

/* Returns 1 at the empty line, 0 when more is needed, or an error. */
static int parse_fields(struct span *in, enum http_line_end end, struct http_field *fields,
                        size_t *count)
{
    *count = 0;
    for (;;) {
        struct span line;
        switch (take_line(in, end, &line)) {
        case LINE_MORE:
            return 0;
        case LINE_BAD:
            return HTTP_BAD_SYNTAX;
        case LINE_DONE:
            break;
        }
        if (line.len == 0)
            return 1;
        if (*count == HTTP_FIELDS_MAX)
            return HTTP_HEAD_TOO_LARGE;
        int error = parse_field(line, &fields[*count]);
        if (error < 0)
            return error;
        ++*count;
    }
}

ssize_t http_parse_fields(struct span in, struct http_field *fields, size_t *count)
{
    struct span rest = in;
    int result = parse_fields(&rest, HTTP_CRLF, fields, count);
    return result > 0 ? (ssize_t)(in.len - rest.len) : result;
}

/* uri-host [":" port] without looking closer (RFC 9110 section 7.2); a comma
 * or space would be two hosts in one line. */
static bool is_host(struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alnum && (c == 0 || !strchr("-._~!$&'()*+;=%:[]", c)))
            return false;
    }
    return true;
}

/* RFC 9112 section 3.2: exactly one in HTTP/1.1, at most one in any. */
static bool has_good_host(const struct http_request *request)
{
    size_t count = http_fields_count(request->fields, "Host");
    if (count == 0)
        return request->minor_version == 0;
    return count == 1 && is_host(http_fields_find(request->fields, "Host")->value);
}

/* RFC 9112 section 3.2.3: uri-host ":" port, the port not left out. */
static bool is_authority_form(struct span target)
{
    const uint8_t *colon = span_find_last(target, ':');
    if (!colon || colon == target.data || !is_host(target))
        return false;
    struct span port = span_skip(target, (size_t)(colon - target.data) + 1);
    for (size_t i = 0; i < port.len; i++) {
        if (port.data[i] < '0' || port.data[i] > '9')
            return false; /* also the inside of an IPv6 address */
    }
    return port.len >= 1 && port.len <= 5;
}

/* The four forms of a target (section 3.2). User information is refused: RFC
 * 9110 section 4.2.4. */
static bool is_target_of(struct span target, struct span method)
{
    if (!http_is_target(target))
        return false;
    if (span_is_string(method, "CONNECT"))
        return is_authority_form(target);
    if (target.data[0] == '/')
        return true;
    if (span_is_string(target, "*"))
        return span_is_string(method, "OPTIONS");
    struct span authority = http_target_authority(target);
    return authority.len > 0 && is_host(authority);
}

/* RFC 9110 section 7.6.1: what Connection names is taken out on the way. An
 * attacker who names these would have the message lose what routes it, what
 * says where it ends, or who sent it. */
static bool has_good_connection(struct http_fields fields)
{
    struct http_fields connection = http_fields_connection(fields);
    return !http_fields_list_has(connection, "Connection", "Host") &&
           !http_fields_list_has(connection, "Connection", "Content-Length") &&
           !http_fields_list_has(connection, "Connection", "Authorization");
}

static int parse_request_line(struct span line, struct http_request *out)
{
    const uint8_t *space = memchr(line.data, ' ', line.len);
    out->is_bare = false;
    if (!space)
        return HTTP_BAD_SYNTAX;
    size_t method_len = (size_t)(space - line.data);
    out->method = span_of(line.data, method_len);
    struct span rest = span_skip(line, method_len + 1);
    space = memchr(rest.data, ' ', rest.len);
    if (!space || !http_is_token(out->method))
        return HTTP_BAD_SYNTAX;
    if (method_len > HTTP_METHOD_MAX)
        return HTTP_METHOD_TOO_LONG;
    size_t target_len = (size_t)(space - rest.data);
    out->target = span_of(rest.data, target_len);
    if (target_len > HTTP_TARGET_MAX)
        return HTTP_TARGET_TOO_LONG;
    int error = parse_version(span_skip(rest, target_len + 1), &out->minor_version);
    if (error < 0)
        return error;
    return is_target_of(out->target, out->method) ? 0 : HTTP_BAD_SYNTAX;
}

/* A request line that has not ended. What can no longer become one is refused
 * now, not at the time limit: a TLS hello, a target without end. */
static int check_partial_request_line(struct span in)
{
    if (in.len > 0 && in.data[0] != '\r' && !http_is_token(span_of(in.data, 1)))
        return HTTP_BAD_SYNTAX;
    size_t method_len = 0;
    while (method_len < in.len && in.data[method_len] != ' ')
        method_len++;
    if (method_len > HTTP_METHOD_MAX)
        return HTTP_METHOD_TOO_LONG;
    if (in.len - method_len > HTTP_TARGET_MAX + REQUEST_LINE_SLACK)
        return HTTP_TARGET_TOO_LONG;
    return 0;
}

/* What an incomplete head comes to. */
static int need_more(struct span whole)
{
    return whole.len >= HTTP_HEAD_MAX ? HTTP_HEAD_TOO_LARGE : 0;
}

ssize_t http_parse_request(struct span in, struct http_request *out, struct http_field *fields)
{
    struct span whole = in;
    if (whole.len > HTTP_HEAD_MAX)
        whole.len = HTTP_HEAD_MAX;
    struct span rest = whole;
    struct span line;
    int lines = 0;
    do {
        enum line got = take_line(&rest, HTTP_CRLF, &line);
        if (got == LINE_BAD)
            return HTTP_BAD_SYNTAX;
        if (++lines > EMPTY_LINES_MAX + 1)
            return HTTP_HEAD_TOO_LARGE;
        if (got == LINE_MORE) {
            int error = check_partial_request_line(rest);
            return error < 0 ? error : need_more(whole);
        }
    } while (line.len == 0);

    int result = parse_request_line(line, out);
    if (result < 0)
        return result;
    size_t count;
    result = parse_fields(&rest, HTTP_CRLF, fields, &count);
    if (result <= 0)
        return result < 0 ? result : need_more(whole);
    out->fields = (struct http_fields){fields, count};
    if (!has_good_host(out) || !has_good_connection(out->fields))
        return HTTP_BAD_SYNTAX;
    return (ssize_t)(whole.len - rest.len);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK"; the reason, and even the space before it, may be missing
 * (some servers leave it out, and nothing can be read into it). */
static int parse_status_line(struct span line, struct http_response *out)
{
    enum {
        VERSION_LEN = 8,
        STATUS_END = 12,
        STATUS_MAX = 999 /* RFC 9110 section 15: what is over 599 is as a 5xx */
    };
    if (line.len < STATUS_END || line.data[VERSION_LEN] != ' ')
        return HTTP_BAD_SYNTAX;
    int error = parse_version(span_of(line.data, VERSION_LEN), &out->minor_version);
    if (error < 0)
        return error;
    const uint8_t *digits = line.data + VERSION_LEN + 1;
    if (!is_digit(digits[0]) || !is_digit(digits[1]) || !is_digit(digits[2]))
        return HTTP_BAD_SYNTAX;
    out->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    if (out->status < 100 || out->status > STATUS_MAX)
        return HTTP_BAD_SYNTAX;
    out->reason = span_skip(line, STATUS_END);
    if (out->reason.len > 0) {
        if (out->reason.data[0] != ' ')
            return HTTP_BAD_SYNTAX;
        out->reason = span_skip(out->reason, 1);
    }
    return http_is_field_value(out->reason) ? 0 : HTTP_BAD_SYNTAX;
}

ssize_t http_parse_response(struct span in, struct http_response *out, struct http_field *fields)
{
    struct span whole = in;
    if (whole.len > HTTP_HEAD_MAX)
        whole.len = HTTP_HEAD_MAX;
    struct span rest = whole;
    struct span line;
    enum line got = take_line(&rest, HTTP_CRLF_OR_LF, &line);
    if (got == LINE_BAD)
        return HTTP_BAD_SYNTAX;
    if (got == LINE_MORE) {
        size_t len = whole.len < 5 ? whole.len : 5;
        bool may_be = len == 0 || memcmp(whole.data, "HTTP/", len) == 0;
        return may_be ? need_more(whole) : HTTP_BAD_SYNTAX;
    }
    int result = parse_status_line(line, out);
    if (result < 0)
        return result;
    size_t count;
    result = parse_fields(&rest, HTTP_CRLF_OR_LF, fields, &count);
    if (result <= 0)
        return result < 0 ? result : need_more(whole);
    out->fields = (struct http_fields){fields, count};
    if (!has_good_connection(out->fields))
        return HTTP_BAD_SYNTAX;
    return (ssize_t)(whole.len - rest.len);
}

bool http_head_may_end(struct span in, size_t searched_len, size_t parsed_len)
{
    static const size_t line_max = HTTP_TARGET_MAX + REQUEST_LINE_SLACK;
    if (in.len >= HTTP_HEAD_MAX || in.len / 2 >= parsed_len)
        return true;
    if (parsed_len <= line_max && in.len > line_max)
        return true;
    /* The empty line may have begun in the old bytes. */
    size_t from = searched_len < 2 ? 0 : searched_len - 2;
    return memmem(in.data + from, in.len - from, "\n\r\n", 3) != NULL ||
           memmem(in.data + from, in.len - from, "\n\n", 2) != NULL;
}
