/*
 * The normal form is made segment by segment's reading, in one walk over the
 * path; a second one looks for segments that no normal path has.
 */
#include "tunnel/access_rule.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "http/field.h"

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 3986 section 2.3. */
static bool is_unreserved(uint8_t c)
{
    return is_alnum(c) || (c && strchr("-._~", c));
}

/* What may stand in a path beside them and codes (section 3.3). */
static bool is_other_pchar(uint8_t c)
{
    return c && strchr("!$&'()*+,;=:@/", c);
}

/* The byte of the code at the front, or -1. */
static int read_code(struct span text)
{
    int high = text.len >= 3 ? armor_hex_value(text.data[1]) : -1;
    int low = high < 0 ? -1 : armor_hex_value(text.data[2]);
    return low < 0 ? -1 : high << 4 | low;
}

/* Decoded once by some, twice by others; a separator to some, not to others. */
static bool is_ambiguous_code(int byte)
{
    return byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\' || byte == '%';
}

/* Appends what the front of text is in normal form. How many bytes of text
 * that was, or 0. */
static size_t put_normal(struct span text, char **to)
{
    uint8_t c = text.data[0];
    if (is_unreserved(c) || is_other_pchar(c)) {
        *(*to)++ = (char)c;
        return 1;
    }
    int byte = c == '%' ? read_code(text) : -1;
    if (byte < 0 || is_ambiguous_code(byte))
        return 0;
    if (is_unreserved((uint8_t)byte)) {
        *(*to)++ = (char)byte;
        return 3;
    }
    *(*to)++ = '%';
    *(*to)++ = "0123456789ABCDEF"[byte >> 4];
    *(*to)++ = "0123456789ABCDEF"[byte & 15];
    return 3;
}

/* Without what stands behind a ';' in a segment: parameters (section 3.3),
 * which some servers take off before they look for ".." and empty segments, and
 * a few decode before. */
static size_t bare_len(const char *segment, size_t len)
{
    size_t bare = 0;
    while (bare < len && segment[bare] != ';' && strncmp(segment + bare, "%3B", 3) != 0)
        bare++;
    return bare;
}

/* Of a path that begins with '/': no ".", "..", nor empty segment before the
 * last one, and none with parameters alone. */
static bool has_plain_segments(const char *path)
{
    while (*path) {
        size_t len = strcspn(++path, "/");
        size_t bare = bare_len(path, len);
        bool is_dots = (bare == 1 && path[0] == '.') || (bare == 2 && strncmp(path, "..", 2) == 0);
        bool is_empty = bare == 0 && (len > 0 || path[0] == '/');
        if (is_dots || is_empty)
            return false;
        path += len;
    }
    return true;
}

static char *normalise(struct span path)
{
    if (path.len == 0 || path.data[0] != '/')
        return NULL;
    char *normal = xcalloc(path.len + 1, 1);
    char *to = normal;
    while (path.len > 0) {
        size_t taken = put_normal(path, &to);
        if (taken == 0)
            break;
        path = span_skip(path, taken);
    }
    if (path.len == 0 && has_plain_segments(normal))
        return normal;
    free(normal);
    return NULL;
}

char *access_path(struct span target)
{
    const uint8_t *query = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    return normalise(query ? span_of(target.data, (size_t)(query - target.data)) : target);
}

/* ---- rules ---- */

static struct span method_of(const char *rule)
{
    return span_of(rule, strcspn(rule, " "));
}

const char *access_rule_check(const char *text)
{
    static const char usage[] = "must be 'METHOD PATH', as in 'GET /v1/*' or '* /health'";
    struct span method = method_of(text);
    const char *glob = text + method.len;
    if (strlen(text) > ACCESS_RULE_MAX)
        return "is too long: 1024 bytes are the most";
    if (*glob != ' ' || !http_is_token(method))
        return usage;
    glob++;
    if (strcmp(glob, "*") == 0)
        return NULL;
    if (*glob != '/')
        return usage;
    char *normal = normalise(span_from_string(glob));
    bool is_normal = normal && strcmp(normal, glob) == 0;
    free(normal);
    return is_normal
               ? NULL
               : "must have a plain path: no '..', '//' or '?', and %XX only where it must be";
}

/* '*' is any run; on a mismatch the last one takes a character more. */
static bool is_matched(const char *glob, const char *text)
{
    const char *star = NULL;
    const char *resume = NULL;
    while (*text) {
        if (*glob == '*') {
            star = glob++;
            resume = text;
        } else if (*glob == *text) {
            glob++;
            text++;
        } else if (star) {
            glob = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    return glob[strspn(glob, "*")] == '\0';
}

bool access_rule_matches(const char *rule, struct span method, const char *path)
{
    struct span own = method_of(rule);
    const char *glob = rule + own.len + 1;
    if (!span_is_string(own, "*") && !span_is_equal(own, method))
        return false;
    return strcmp(glob, "*") == 0 || (path && is_matched(glob, path));
}
