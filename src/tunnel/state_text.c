/*
 * The check is a hash, not a MAC: who can write the file can write its check,
 * too. It is there for a disk that has lost half a page.
 */
#include "tunnel/state_text.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/wipe.h"
#include "tunnel/crypto.h"

#define MAKER "httptunnel"

enum {
    VERSION = 1,
    CHECK_LEN = 10, /* of the file: 16 characters */
    CHECK_TEXT_LEN = ARMOR_LEN(ARMOR_BASE32, CHECK_LEN),
    CHECK_LINE_LEN = sizeof "check \n" - 1 + CHECK_TEXT_LEN,
    VALUE_MAX = 64 /* of bytes that are put */
};

/* ---- put ---- */

bool state_text_begin(struct buf *out, const char *kind)
{
    return buf_append_format(out, "%s %s %d\n", MAKER, kind, VERSION) == 0;
}

bool state_text_put(struct buf *out, const char *key, const char *format, ...)
{
    char *value = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&value, format, args);
    va_end(args);
    if (len < 0)
        abort(); /* as base/alloc.h does */
    assert(!strchr(value, '\n'));
    bool is_put = buf_append_format(out, "%s %s\n", key, value) == 0;
    free_secret(value, (size_t)len);
    return is_put;
}

static void make_check(struct span text, char check[CHECK_TEXT_LEN + 1])
{
    uint8_t hash[CRYPTO_HASH_LEN];
    crypto_hash(text, hash);
    armor_encode(ARMOR_BASE32, span_of(hash, CHECK_LEN), check);
}

bool state_text_end(struct buf *out)
{
    char check[CHECK_TEXT_LEN + 1];
    make_check(buf_bytes(out), check);
    return state_text_put(out, "check", "%s", check);
}

bool state_text_put_bytes(struct buf *out, const char *key, struct span bytes)
{
    uint8_t checked[VALUE_MAX + 2];
    uint8_t hash[CRYPTO_HASH_LEN];
    char text[ARMOR_LEN(ARMOR_BASE32, VALUE_MAX + 2) + 1];
    assert(bytes.len <= VALUE_MAX);
    crypto_hash(bytes, hash);
    memcpy(checked, bytes.data, bytes.len);
    memcpy(checked + bytes.len, hash, 2);
    armor_encode(ARMOR_BASE32, span_of(checked, bytes.len + 2), text);
    bool is_put = state_text_put(out, key, "%s", text);
    wipe(checked, sizeof checked);
    wipe(text, sizeof text);
    return is_put;
}

/* ---- get ---- */

/* Up to the next line end, which is skipped; false where there is none. */
static bool cut_line(struct span *rest, struct span *line)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    if (!end)
        return false;
    *line = span_of(rest->data, (size_t)(end - rest->data));
    *rest = span_skip(*rest, line->len + 1);
    return true;
}

static int open_header(struct span line, const char *kind)
{
    char *begin = xasprintf("%s %s ", MAKER, kind);
    size_t len = strlen(begin);
    bool is_kind = span_starts_with(line, begin);
    free(begin);
    if (!is_kind || line.len == len)
        return -EINVAL;
    return span_is_string(span_skip(line, len), "1") ? 0 : -EPROTONOSUPPORT;
}

int state_text_open(struct span text, const char *kind, struct span *lines)
{
    char check[CHECK_TEXT_LEN + 1];
    struct span header;
    struct span rest = text;
    if (!cut_line(&rest, &header))
        return -EINVAL;
    int error = open_header(header, kind);
    if (error < 0)
        return error;
    if (rest.len < CHECK_LINE_LEN)
        return -EINVAL;
    struct span last = span_skip(rest, rest.len - CHECK_LINE_LEN);
    make_check(span_of(text.data, text.len - CHECK_LINE_LEN), check);
    bool is_whole = span_starts_with(last, "check ") && last.data[CHECK_LINE_LEN - 1] == '\n' &&
                    memcmp(last.data + 6, check, CHECK_TEXT_LEN) == 0;
    *lines = span_of(rest.data, rest.len - CHECK_LINE_LEN);
    return is_whole ? 0 : -EINVAL;
}

bool state_text_next(struct span *lines, struct span *key, struct span *value)
{
    struct span line;
    if (!cut_line(lines, &line))
        return false;
    const uint8_t *blank = line.len > 0 ? memchr(line.data, ' ', line.len) : NULL;
    size_t len = blank ? (size_t)(blank - line.data) : line.len;
    *key = span_of(line.data, len);
    *value = blank ? span_skip(line, len + 1) : (struct span){0};
    return true;
}

bool state_text_get_bytes(struct span value, uint8_t *out, size_t len)
{
    uint8_t checked[VALUE_MAX + 3];
    uint8_t hash[CRYPTO_HASH_LEN];
    assert(len <= VALUE_MAX);
    bool is_good = value.len == ARMOR_LEN(ARMOR_BASE32, len + 2) &&
                   armor_decode(ARMOR_BASE32, value, checked) == (long)len + 2;
    if (is_good) {
        crypto_hash(span_of(checked, len), hash);
        is_good = memcmp(hash, checked + len, 2) == 0;
    }
    if (is_good)
        memcpy(out, checked, len);
    wipe(checked, sizeof checked);
    return is_good;
}

bool state_text_get_seconds(struct span value, int64_t *out)
{
    int64_t seconds = 0;
    if (value.len == 0 || value.len > 12)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
        seconds = seconds * 10 + (value.data[i] - '0');
    }
    *out = seconds;
    return true;
}
