/*
 * A borrowed run of bytes. A span owns nothing: whoever made it says how long
 * the bytes live, and a callback that is handed one may use it only until it
 * returns.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
    const uint8_t *data;
    size_t len;
};

/* A span over a string literal or array of char, without its NUL. */
#define SPAN_LITERAL(s) ((struct span){(const uint8_t *)(s), sizeof(s) - 1})

/* printf("%.*s", SPAN_ARG(s)); the length is clipped to what %.* can take. */
#define SPAN_ARG(s) ((s).len > INT32_MAX ? INT32_MAX : (int)(s).len), (const char *)(s).data

static inline struct span span_of(const void *data, size_t len)
{
    return (struct span){data, len};
}

static inline struct span span_from_string(const char *string)
{
    return (struct span){(const uint8_t *)string, strlen(string)};
}

/* The bytes from offset on; offset must not exceed the length. */
static inline struct span span_skip(struct span s, size_t offset)
{
    return (struct span){s.data + offset, s.len - offset};
}

/* How long several are together, and all of them, one behind the other. */
static inline size_t span_total(const struct span *parts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    return len;
}

static inline void span_join(void *out, const struct span *parts, size_t count)
{
    uint8_t *at = out;
    for (size_t i = 0; i < count; at += parts[i++].len) {
        if (parts[i].len > 0)
            memcpy(at, parts[i].data, parts[i].len);
    }
}

/* The last of its bytes that is that character, or NULL. */
static inline const uint8_t *span_find_last(struct span s, char c)
{
    for (size_t at = s.len; at > 0; at--) {
        if (s.data[at - 1] == (uint8_t)c)
            return s.data + at - 1;
    }
    return NULL;
}

static inline bool span_is_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool span_is_string(struct span s, const char *string)
{
    return span_is_equal(s, span_from_string(string));
}

/* ASCII letters compare without case, as field names and tokens do. */
static inline bool span_is_equal_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    /* Most of one length are told apart by the first letter; those of both
     * cases differ in one bit. */
    return a.len == 0 || (((a.data[0] ^ b.data[0]) & ~0x20) == 0 &&
                          strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0);
}

static inline bool span_is_string_nocase(struct span s, const char *string)
{
    return span_is_equal_nocase(s, span_from_string(string));
}

static inline bool span_starts_with(struct span s, const char *prefix)
{
    size_t len = strlen(prefix);
    return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

#endif
