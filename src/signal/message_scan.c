/*
 * A cursor over the text; whatever it meets that is not of the plain form (RFC
 * 8259) ends the scan. Most strings are of ASCII and have no escapes but the
 * ends of lines, which is seen of 16 bytes at once; only the others are gone
 * through byte by byte.
 */
#include "signal/message_scan.h"

#include "base/alloc.h"
#include "base/armor.h"
#include "base/utf8.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t'))
        c->at++;
}

/* That character, and blanks around it. */
static bool take(struct cursor *c, uint8_t character)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != character)
        return false;
    c->at++;
    skip_blanks(c);
    return true;
}

/* 16 bytes; an operator works on each, and a comparison gives -1 or 0. */
typedef int8_t block __attribute__((vector_size(16)));

static bool has_any(block b)
{
    uint64_t halves[2];
    memcpy(halves, &b, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

struct look {
    block strange; /* it takes more than a look */
    block escapes;
};

/* A byte that is no ASCII is below 0. A backslash that stands before one of the
 * two letters does so by itself, as no other is before it. */
static void look_at(struct look *look, const uint8_t *at)
{
    block here, next;
    memcpy(&here, at, sizeof here);
    memcpy(&next, at + 1, sizeof next);
    block escapes = here == '\\';
    look->strange |= (here < ' ') | (escapes & (next != 'n') & (next != 'r'));
    look->escapes |= escapes;
}

/* Whether these bytes, behind which a quote is, are of ASCII and have no escape
 * but \n and \r. Sets *has_escapes then. */
static bool is_simple(const uint8_t *at, size_t len, bool *has_escapes)
{
    struct look look = {{0}, {0}};
    uint8_t few[sizeof(block) + 1];
    if (len < sizeof(block)) {
        memset(few, ' ', sizeof few);
        memcpy(few, at, len + 1);
        at = few;
        len = sizeof(block);
    }
    for (size_t i = 0; i + sizeof(block) < len; i += sizeof(block))
        look_at(&look, at + i);
    look_at(&look, at + len - sizeof(block)); /* some of them again */
    *has_escapes = has_any(look.escapes);
    return !has_any(look.strange);
}

/* Behind the backslash: how long the escape is; 0 for one that is none, is
 * U+0000, or is of a character that takes two. */
static size_t escape_len(const uint8_t *at, const uint8_t *end)
{
    static const char of_one_letter[] = "\"\\/bfnrt";
    if (at < end && memchr(of_one_letter, *at, sizeof of_one_letter - 1))
        return 1;
    if (end - at < 5 || *at != 'u')
        return 0;
    unsigned code = 0;
    for (int i = 1; i < 5; i++) {
        int digit = armor_hex_value(at[i]);
        if (digit < 0)
            return 0;
        code = code << 4 | (unsigned)digit;
    }
    return code == 0 || (code >= 0xd800 && code < 0xe000) ? 0 : 5;
}

/* Its closing quote, or NULL where it is wrong. */
static const uint8_t *find_end(const uint8_t *at, const uint8_t *end, bool *has_escapes)
{
    *has_escapes = false;
    for (; at < end && *at != '"'; at++) {
        if (*at < ' ')
            return NULL;
        if (*at != '\\')
            continue;
        size_t len = escape_len(at + 1, end);
        if (len == 0)
            return NULL;
        at += len;
        *has_escapes = true;
    }
    return at < end ? at : NULL;
}

/* A string with its quotes. Sets *has_escapes. */
static bool take_string(struct cursor *c, struct span *out, bool *has_escapes)
{
    const uint8_t *start = c->at;
    if (c->at == c->end || *c->at != '"')
        return false;
    size_t left = (size_t)(c->end - ++c->at);
    const uint8_t *quote = memchr(c->at, '"', left);
    if (!quote)
        return false;
    bool is_ascii = is_simple(c->at, (size_t)(quote - c->at), has_escapes);
    if (!is_ascii)
        quote = find_end(c->at, c->end, has_escapes);
    if (!quote)
        return false;
    c->at = quote + 1;
    *out = span_of(start, (size_t)(c->at - start));
    return is_ascii || utf8_is_valid(*out);
}

static struct span without_quotes(struct span string)
{
    return span_of(string.data + 1, string.len - 2);
}

/* A string without escapes, without its quotes. */
static bool take_plain(struct cursor *c, struct span *out)
{
    bool has_escapes;
    if (!take_string(c, out, &has_escapes) || has_escapes)
        return false;
    *out = without_quotes(*out);
    return true;
}

/* What the members were, as far as they have been read. */
struct found {
    struct span type, sdp, candidate, to;
};

static struct span *place_of(struct found *found, struct span name)
{
    if (span_is_string(name, "type"))
        return &found->type;
    if (span_is_string(name, "sdp"))
        return &found->sdp;
    if (span_is_string(name, "candidate"))
        return &found->candidate;
    return span_is_string(name, "to") ? &found->to : NULL;
}

static bool take_member(struct cursor *c, struct found *found)
{
    struct span name;
    bool has_escapes;
    if (!take_plain(c, &name) || !take(c, ':'))
        return false;
    struct span *place = place_of(found, name);
    if (!place || place->data || !take_string(c, place, &has_escapes))
        return false;
    return !has_escapes || place == &found->sdp || place == &found->candidate;
}

static bool take_object(struct cursor *c, struct found *found)
{
    if (!take(c, '{'))
        return false;
    do {
        if (!take_member(c, found))
            return false;
    } while (take(c, ','));
    return take(c, '}') && c->at == c->end;
}

static bool find_type(struct span name, enum signal_type *out)
{
    static const enum signal_type types[] = {SIGNAL_OFFER, SIGNAL_ANSWER, SIGNAL_CANDIDATE};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        *out = types[i];
        if (span_is_string(name, signal_type_name(types[i])))
            return true;
    }
    return false;
}

bool message_scan(struct span json, struct signal_message *out)
{
    struct cursor cursor = {json.data, json.data + json.len};
    struct found found = {0};
    enum signal_type type;
    if (json.len > SIGNAL_MESSAGE_MAX || !take_object(&cursor, &found) || !found.type.data ||
        !find_type(without_quotes(found.type), &type))
        return false;
    struct span value = type == SIGNAL_CANDIDATE ? found.candidate : found.sdp;
    struct span to = found.to.data ? without_quotes(found.to) : (struct span){0};
    if (!value.data || to.len > SIGNAL_PEER_ID_MAX)
        return false;
    *out = (struct signal_message){
        .type = type,
        .raw = value,
        .to = to.len > 0 ? xstrndup(to) : NULL,
    };
    return true;
}
