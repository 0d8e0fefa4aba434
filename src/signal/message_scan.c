/*
 * A cursor over the text; whatever it meets that is not of the plain form (RFC
 * 8259) ends the scan. Strings are found by their quotes first and checked as a
 * whole then, since most have neither escapes nor anything beyond ASCII.
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

/* A string with its quotes. Sets *has_escapes. */
static bool take_string(struct cursor *c, struct span *out, bool *has_escapes)
{
    const uint8_t *start = c->at;
    uint8_t beyond_ascii = 0;
    *has_escapes = false;
    if (c->at == c->end || *c->at != '"')
        return false;
    for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
        beyond_ascii |= *c->at & 0x80;
        if (*c->at < ' ')
            return false;
        if (*c->at != '\\')
            continue;
        size_t len = escape_len(c->at + 1, c->end);
        if (len == 0)
            return false;
        c->at += len;
        *has_escapes = true;
    }
    if (c->at == c->end)
        return false;
    c->at++;
    *out = span_of(start, (size_t)(c->at - start));
    return !beyond_ascii || utf8_is_valid(*out);
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
