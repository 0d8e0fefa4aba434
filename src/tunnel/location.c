/*
 * A row says where in a field's value URLs stand: a scanner finds one after the
 * other, and what is between them stays.
 */
#include "tunnel/location.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

/* Of all that is put together for one head; what does not fit stays as it
 * was. */
enum { NEW_VALUES_MAX = 2 * HTTP_HEAD_MAX };

struct scan {
    struct span rest;
    struct span scheme; /* of the challenge under way */
};

static bool is_one_of(uint8_t c, const char *set)
{
    return memchr(set, c, strlen(set)) != NULL;
}

/* Takes what has no character of the set off the front. */
static struct span take_until(struct span *rest, const char *set)
{
    struct span taken = {rest->data, 0};
    while (taken.len < rest->len && !is_one_of(rest->data[taken.len], set))
        taken.len++;
    *rest = span_skip(*rest, taken.len);
    return taken;
}

static void skip_blanks(struct span *rest)
{
    while (rest->len > 0 && is_one_of(rest->data[0], " \t"))
        *rest = span_skip(*rest, 1);
}

static bool take_char(struct span *rest, char c)
{
    if (rest->len == 0 || rest->data[0] != (uint8_t)c)
        return false;
    *rest = span_skip(*rest, 1);
    return true;
}

/* A quoted-string without its quotes; nothing where none begins. */
static struct span take_quoted(struct span *rest)
{
    if (!take_char(rest, '"'))
        return (struct span){0};
    struct span text = {rest->data, 0};
    while (text.len < rest->len && text.data[text.len] != '"')
        text.len += text.data[text.len] == '\\' && text.len + 1 < rest->len ? 2 : 1;
    *rest = span_skip(*rest, text.len);
    take_char(rest, '"');
    return text;
}

/* --- scanners ------------------------------------------------------------- */

static bool scan_whole(struct scan *scan, struct span *url)
{
    *url = scan->rest;
    scan->rest.len = 0;
    return url->len > 0;
}

/* "5; url='/a'" (the HTML standard, shared declarative refresh steps). */
static bool scan_refresh(struct scan *scan, struct span *url)
{
    struct span rest = scan->rest;
    scan->rest.len = 0;
    take_until(&rest, ";, \t");
    skip_blanks(&rest);
    if (take_char(&rest, ';') || take_char(&rest, ','))
        skip_blanks(&rest);
    struct span behind = rest;
    if (span_is_string_nocase(take_until(&behind, " \t="), "url")) {
        skip_blanks(&behind);
        if (take_char(&behind, '=')) {
            skip_blanks(&behind);
            rest = behind;
        }
    }
    const char *end = take_char(&rest, '\'') ? "'" : take_char(&rest, '"') ? "\"" : "";
    *url = take_until(&rest, end);
    return url->len > 0;
}

/* </a?page=2>; rel="next", <b>; rel=c (RFC 8288 section 3). */
static bool scan_link(struct scan *scan, struct span *url)
{
    while (scan->rest.len > 0) {
        take_until(&scan->rest, "<\"");
        if (take_char(&scan->rest, '<')) {
            *url = take_until(&scan->rest, ">");
            return true;
        }
        take_quoted(&scan->rest);
    }
    return false;
}

/* An MCP client looks for its authorization server there (RFC 9728 section
 * 5.1), and a client of a container registry gets its token. What another
 * scheme calls a realm is a name, and part of what is hashed. */
static bool is_followed(struct span scheme, struct span name)
{
    return span_is_string_nocase(name, "resource_metadata") ||
           (span_is_string_nocase(scheme, "Bearer") && span_is_string_nocase(name, "realm"));
}

/* Bearer realm="/a", resource_metadata="/b" (RFC 9110 section 11.6.1). */
static bool scan_challenges(struct scan *scan, struct span *url)
{
    struct span *rest = &scan->rest;
    while (rest->len > 0) {
        struct span name = take_until(rest, " \t,=\"");
        skip_blanks(rest);
        if (!take_char(rest, '=')) {
            scan->scheme = name.len > 0 ? name : scan->scheme;
            if (take_quoted(rest).len == 0)
                take_char(rest, ',');
            continue;
        }
        skip_blanks(rest);
        bool is_quoted = rest->len > 0 && rest->data[0] == '"';
        *url = is_quoted ? take_quoted(rest) : take_until(rest, " \t,\"");
        if (url->len > 0 && is_followed(scan->scheme, name))
            return true;
    }
    return false;
}

/* --- fields --------------------------------------------------------------- */

struct place {
    struct span name;
    bool (*scan)(struct scan *scan, struct span *url); /* false: no more */
    bool is_for_simple;                                /* see own_url_map() */
};

/* Link: the next page, of Python's requests and others. Operation-Location:
 * where clients of Azure's ask for a result; X-Goog-Upload-URL: where clients
 * of Google's send a file. */
static const struct place places[] = {
    {SPAN_LITERAL("Location"), scan_whole, false},
    {SPAN_LITERAL("Content-Location"), scan_whole, false},
    {SPAN_LITERAL("Refresh"), scan_refresh, false},
    {SPAN_LITERAL("Link"), scan_link, true},
    {SPAN_LITERAL("WWW-Authenticate"), scan_challenges, true},
    {SPAN_LITERAL("Operation-Location"), scan_whole, true},
    {SPAN_LITERAL("X-Goog-Upload-URL"), scan_whole, true},
};

static const struct place *find_place(struct span name)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (span_is_equal_nocase(name, places[i].name))
            return &places[i];
    }
    return NULL;
}

/* Appends the new value. False when it is as the old, or does not fit. */
static bool put_value(struct buf *out, const struct place *place, struct span value,
                      const struct own_url_upstream *upstream, const struct own_url_names *names)
{
    struct scan scan = {.rest = value};
    struct span url;
    size_t begin = out->len, done = 0;
    int error = 0;
    while (error == 0 && place->scan(&scan, &url)) {
        char *own = own_url_map(url, upstream, names, place->is_for_simple);
        if (!own)
            continue;
        size_t at = (size_t)(url.data - value.data);
        error = buf_append(out, span_of(value.data + done, at - done));
        error = error ? error : buf_append_string(out, own);
        done = at + url.len;
        free(own);
    }
    error = error || done == 0 ? -1 : buf_append(out, span_skip(value, done));
    if (error)
        out->len = begin;
    return error == 0;
}

void location_rewrite(struct head *response, const struct own_url_upstream *upstream,
                      const struct own_url_names *names)
{
    struct buf out;
    size_t ends[HEAD_FIELDS_MAX]; /* of the new values; 0: none */
    buf_init(&out, NEW_VALUES_MAX);
    for (size_t i = 0; i < response->count; i++) {
        const struct http_field *field = &response->at[i];
        const struct place *place = find_place(field->name);
        bool is_new = place && put_value(&out, place, field->value, upstream, names);
        ends[i] = is_new ? out.len : 0;
    }
    if (out.len == 0) {
        buf_deinit(&out);
        return;
    }
    assert(!response->storage);
    response->storage_len = out.len;
    response->storage = xcalloc(out.len, 1);
    memcpy(response->storage, buf_bytes(&out).data, out.len);
    buf_deinit(&out);
    for (size_t i = 0, begin = 0; i < response->count; i++) {
        if (ends[i] == 0)
            continue;
        response->at[i].value = span_of(response->storage + begin, ends[i] - begin);
        begin = ends[i];
    }
}
