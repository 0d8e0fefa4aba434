/*
 * One pass over the fields decides each; then come those that were not there.
 */
#include "tunnel/rewrite.h"

#include <assert.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/alloc.h"

/* Host, TE, five fields of --forwarded, and a Content-Length of 0. */
_Static_assert(REWRITE_RULES_MAX + 8 <= HEAD_ADDED_MAX, "a head has room for what is added");

/* Who received the message, in Via. A pseudonym, as RFC 9110 section 7.6.3
 * allows: host names are nobody's business. */
#define DEVICE_FIELD "X-Tunnel-Device"
#define PSEUDONYM    "tunnel"

/* --- requests ------------------------------------------------------------- */

static bool has_field(const struct head *out, struct span name)
{
    for (size_t i = 0; i < out->count; i++) {
        if (span_is_equal_nocase(out->at[i].name, name))
            return true;
    }
    return false;
}

/* CGI, and what came of it, takes '_' in a name for '-'. */
static bool is_device_field(struct span name)
{
    bool is_it = name.len == sizeof DEVICE_FIELD - 1;
    for (size_t i = 0; is_it && i < name.len; i++) {
        char c = (char)name.data[i];
        is_it =
            tolower((unsigned char)DEVICE_FIELD[i]) == (c == '_' ? '-' : tolower((unsigned char)c));
    }
    return is_it;
}

static bool is_left_out(struct span name, struct http_fields connection, const struct rewrite *how)
{
    if (how->owns_device && is_device_field(name))
        return true;
    if (span_is_string_nocase(name, "Expect"))
        return !how->keeps_expect;
    if (span_is_string_nocase(name, "Upgrade"))
        return !how->keeps_upgrade;
    /* Of a pipe it could only be 0, and be read as an end. */
    if (span_is_string_nocase(name, "Content-Length"))
        return how->keeps_upgrade;
    return http_field_is_hop_by_hop(name, connection);
}

static void pass_field(struct head *out, const struct http_field *field,
                       struct http_fields connection, const struct rewrite *how)
{
    if (span_is_string_nocase(field->name, "Host") && how->host.len > 0) {
        if (!has_field(out, field->name))
            head_add(out, field->name, how->host);
    } else if (!is_left_out(field->name, connection, how)) {
        head_add(out, field->name, field->value);
    }
}

struct element {
    const char *name;
    char *text;
};

/* The last line of that name, or NULL. */
static struct http_field *find_last(struct head *out, const char *name)
{
    for (size_t i = out->count; i > 0; i--) {
        if (span_is_string_nocase(out->at[i - 1].name, name))
            return &out->at[i - 1];
    }
    return NULL;
}

static struct span append(uint8_t **to, struct span list, const char *text)
{
    uint8_t *begin = *to;
    if (list.len > 0) {
        memcpy(*to, list.data, list.len);
        memcpy(*to + list.len, ", ", 2);
        *to += list.len + 2;
    }
    size_t len = strlen(text);
    memcpy(*to, text, len);
    *to += len;
    return span_of(begin, (size_t)(*to - begin));
}

/* Puts each element at the end of its list field, in the last line if it has
 * one: who looks at one line only shall find it all. */
static void add_elements(struct head *out, const struct element *elements, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const struct http_field *field = find_last(out, elements[i].name);
        total += strlen(elements[i].text) + (field ? field->value.len + 2 : 0);
    }
    assert(!out->storage);
    out->storage = xcalloc(total, 1);
    out->storage_len = total;
    uint8_t *to = out->storage;
    for (size_t i = 0; i < count; i++) {
        struct http_field *field = find_last(out, elements[i].name);
        struct span list = append(&to, field ? field->value : (struct span){0}, elements[i].text);
        if (field)
            field->value = list;
        else
            head_add(out, span_from_string(elements[i].name), list);
    }
}

static void add_if_missing(struct head *out, const char *name, struct span value)
{
    if (value.len > 0 && !has_field(out, span_from_string(name)))
        head_add(out, span_from_string(name), value);
}

static const char *format_ip(const struct address *client, char out[ADDRESS_TEXT_LEN])
{
    if (!client || client->len == 0)
        return "unknown"; /* RFC 7239 section 6.2 */
    address_format(client, out);
    *strrchr(out, ':') = '\0'; /* the port */
    return out;
}

/* for="[2001:db8::1]";host="h:80";proto=http. What is no token is quoted; a
 * host that would have to be escaped is none, and left out. */
static char *format_forwarded(const char *ip, struct span host, const char *proto)
{
    bool has_host =
        host.len > 0 && !memchr(host.data, '"', host.len) && !memchr(host.data, '\\', host.len);
    const char *quote = ip[0] == '[' ? "\"" : "";
    if (!has_host)
        return xasprintf("for=%s%s%s;proto=%s", quote, ip, quote, proto);
    return xasprintf("for=%s%s%s;host=\"%.*s\";proto=%s", quote, ip, quote, SPAN_ARG(host), proto);
}

static void add_forwarded(struct head *out, const struct rewrite_forwarded *forwarded)
{
    char text[ADDRESS_TEXT_LEN];
    const char *ip = format_ip(forwarded->client, text);
    const char *proto = forwarded->is_tls ? "https" : "http";
    size_t bracket = ip[0] == '['; /* X-Forwarded-For has none */
    const struct element elements[] = {
        {"Forwarded", format_forwarded(ip, forwarded->host, proto)},
        {"X-Forwarded-For", xstrndup(span_of(ip + bracket, strlen(ip) - 2 * bracket))},
        {"Via", xasprintf("1.%d " PSEUDONYM, forwarded->minor_version)},
    };
    size_t count = sizeof elements / sizeof *elements;
    add_elements(out, elements, count);
    for (size_t i = 0; i < count; i++)
        free(elements[i].text);
    add_if_missing(out, "X-Forwarded-Host", forwarded->host);
    add_if_missing(out, "X-Forwarded-Proto", span_from_string(proto));
}

static void apply_rule(struct head *out, const struct http_field *rule)
{
    size_t kept = 0;
    bool is_due = rule->value.len > 0;
    for (size_t i = 0; i < out->count; i++) {
        if (!span_is_equal_nocase(out->at[i].name, rule->name)) {
            out->at[kept++] = out->at[i];
        } else if (is_due) {
            out->at[kept++] = *rule;
            is_due = false;
        }
    }
    out->count = kept;
    if (is_due)
        head_add(out, rule->name, rule->value);
}

void rewrite_request(struct head *out, struct http_fields fields, const struct rewrite *how)
{
    assert(fields.count <= HTTP_FIELDS_MAX && how->rule_count <= REWRITE_RULES_MAX);
    if (how->host.len > 0 && !http_fields_find(fields, "Host"))
        head_add(out, SPAN_LITERAL("Host"), how->host);
    struct http_fields connection = http_fields_connection(fields);
    for (size_t i = 0; i < fields.count; i++)
        pass_field(out, &fields.at[i], connection, how);
    if (http_fields_list_has(fields, "TE", "trailers"))
        head_add(out, SPAN_LITERAL("TE"), SPAN_LITERAL("trailers"));
    if (how->forwarded)
        add_forwarded(out, how->forwarded);
    else if (how->is_tls)
        add_if_missing(out, "X-Forwarded-Proto", SPAN_LITERAL("https"));
    if (how->device)
        head_add(out, SPAN_LITERAL(DEVICE_FIELD), span_from_string(how->device));
    for (size_t i = 0; i < how->rule_count; i++)
        apply_rule(out, &how->rules[i]);
}

/* --- responses ------------------------------------------------------------ */

void rewrite_response(struct head *out, const struct http_response *response)
{
    struct http_fields fields = response->fields;
    struct http_fields connection = http_fields_connection(fields);
    int status = response->status;
    bool has_no_length = status < 200 || response->framing == HTTP_BODY_PIPE;
    for (size_t i = 0; i < fields.count; i++) {
        const struct http_field *field = &fields.at[i];
        bool is_upgrade = status == 101 && span_is_string_nocase(field->name, "Upgrade");
        bool is_length = span_is_string_nocase(field->name, "Content-Length");
        if (is_upgrade ||
            !(http_field_is_hop_by_hop(field->name, connection) || (is_length && has_no_length)))
            head_add(out, field->name, field->value);
    }
}

static bool is_for_us_to_say(struct span name, const struct rewrite *how)
{
    bool is_it = how->owns_device && is_device_field(name);
    for (size_t i = 0; i < how->rule_count && !is_it; i++)
        is_it = span_is_equal_nocase(how->rules[i].name, name);
    return is_it;
}

void rewrite_trailers(struct head *out, struct http_fields trailers, const struct rewrite *how)
{
    for (size_t i = 0; i < trailers.count; i++) {
        struct span name = trailers.at[i].name;
        if (!http_field_is_hop_by_hop(name, trailers) && !(how && is_for_us_to_say(name, how)))
            head_add(out, name, trailers.at[i].value);
    }
}

/* --- rules ---------------------------------------------------------------- */

/* Fields by which messages are told apart, or that are for one hop. */
static bool is_ours(struct span name)
{
    static const char *const ours[] = {"Content-Length", "Trailer", "Expect"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (span_is_string_nocase(name, ours[i]))
            return true;
    }
    return http_field_is_hop_by_hop(name, (struct http_fields){0});
}

const char *rewrite_rule_parse(const char *text, struct http_field *out)
{
    const char *colon = strchr(text, ':');
    out->name = span_of(text, colon ? (size_t)(colon - text) : 0);
    if (!colon || !http_is_token(out->name))
        return "must be 'Name: value' to set a field, or 'Name:' to remove it";
    out->value = http_trim(span_from_string(colon + 1));
    if (!http_is_field_value(out->value))
        return "has a value with a control character";
    if (is_ours(out->name))
        return "names a field that says where a message ends, or that is for one hop";
    if (out->value.len == 0 && span_is_string_nocase(out->name, "Host"))
        return "would remove Host, which every request needs";
    return NULL;
}
