/*
 * The files are few, so one is found by looking at each.
 *
 * The page reads a link's secret, so nothing may come into it from elsewhere
 * (Content-Security-Policy), and its address goes nowhere (Referrer-Policy; the
 * fragment would not go in any case). A link may lead to another signal server,
 * so WebSockets may go anywhere.
 */
#include "signal/static_file.h"

#include <stdio.h>

#define POLICY                                                                        \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " \
    "connect-src 'self' ws: wss:; manifest-src 'self'; worker-src 'self'; "           \
    "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"

const char *static_file_type(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
    };
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t end_len = strlen(types[i].end);
        if (len > end_len && strcmp(name + len - end_len, types[i].end) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* The target without its query. */
static struct span path_of(struct span target)
{
    const uint8_t *query = memchr(target.data, '?', target.len);
    return query ? span_of(target.data, (size_t)(query - target.data)) : target;
}

static bool is_path(struct span path, const char *file)
{
    static const char index[] = "index.html";
    size_t len = strlen(file);
    if (path.len > 0 && path.data[path.len - 1] == '/')
        return len == path.len + sizeof index - 1 && memcmp(file, path.data, path.len) == 0 &&
               strcmp(file + path.len, index) == 0;
    return span_is_string(path, file);
}

static const struct static_file *find(const struct static_files *files, struct span target)
{
    struct span path = path_of(target);
    for (size_t i = 0; i < files->count; i++) {
        if (is_path(path, files->at[i].path))
            return &files->at[i];
    }
    return NULL;
}

/* Whether gzip is welcome: an element that names it without "q=0". */
static bool takes_gzip(struct http_fields fields)
{
    for (size_t i = 0; i < fields.count; i++) {
        struct span rest = fields.at[i].value, element;
        if (!span_is_string_nocase(fields.at[i].name, "Accept-Encoding"))
            continue;
        while (http_list_next(&rest, &element)) {
            const uint8_t *weight = memchr(element.data, ';', element.len);
            size_t len = weight ? (size_t)(weight - element.data) : element.len;
            bool is_refused = memmem(element.data, element.len, "q=0", 3) &&
                              !memmem(element.data, element.len, "q=0.", 4);
            if (span_is_string_nocase(http_trim(span_of(element.data, len)), "gzip"))
                return !is_refused;
        }
    }
    return false;
}

static void answer_file(struct http_exchange *x, const struct http_request *request,
                        const struct static_file *file)
{
    bool is_known = http_fields_list_has(request->fields, "If-None-Match", file->etag) ||
                    http_fields_list_has(request->fields, "If-None-Match", "*");
    bool is_gzip = file->gzip.len > 0 && takes_gzip(request->fields);
    const struct http_field fields[] = {
        {SPAN_LITERAL("ETag"), span_from_string(file->etag)},
        {SPAN_LITERAL("Cache-Control"), SPAN_LITERAL("no-cache")}, /* asks, and mostly gets 304 */
        {SPAN_LITERAL("Vary"), SPAN_LITERAL("Accept-Encoding")},
        {SPAN_LITERAL("Content-Security-Policy"), SPAN_LITERAL(POLICY)},
        {SPAN_LITERAL("Referrer-Policy"), SPAN_LITERAL("no-referrer")},
        {SPAN_LITERAL("X-Content-Type-Options"), SPAN_LITERAL("nosniff")},
        {SPAN_LITERAL("Content-Encoding"), SPAN_LITERAL("gzip")},
    };
    size_t count = sizeof fields / sizeof *fields - (is_gzip && !is_known ? 0 : 1);
    http_exchange_reply(x, is_known ? 304 : 200, file->type, (struct http_fields){fields, count},
                        is_known  ? (struct span){0}
                        : is_gzip ? file->gzip
                                  : file->content);
}

bool static_files_answer(const struct static_files *files, struct http_exchange *x,
                         const struct http_request *request)
{
    static const struct http_field allow[] = {{SPAN_LITERAL("Allow"), SPAN_LITERAL("GET, HEAD")}};
    const struct static_file *file = find(files, request->target);
    if (!file)
        return false;
    if (span_is_string(request->method, "GET") || span_is_string(request->method, "HEAD"))
        answer_file(x, request, file);
    else
        http_exchange_reply(x, 405, "text/plain; charset=utf-8", (struct http_fields){allow, 1},
                            SPAN_LITERAL("this can only be read\n"));
    return true;
}
