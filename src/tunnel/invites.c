/*
 *   signal wss://signal.example.org
 *   invite phone                      and of this invite, until the next one:
 *   secret BASE32
 *   made SECONDS
 *   expires SECONDS                   where it does
 *   seen SECONDS ADDRESS              where it was
 *   allow METHOD PATH                 as many as there are
 *
 * Every line is checked as it was when it came in by the command line: a file
 * that a person has edited has a wrong check, and one of another make is read
 * no further than it is understood.
 */
#include "tunnel/invites.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/state_text.h"

#define KIND "invites"

void invites_init(struct invites *all)
{
    *all = (struct invites){0};
}

void invites_deinit(struct invites *all)
{
    while (all->count > 0)
        invites_remove(all, all->at[all->count - 1]->name);
    free(all->signal);
    *all = (struct invites){0};
}

static size_t find_index(const struct invites *all, const char *name)
{
    size_t i = 0;
    while (i < all->count && strcmp(all->at[i]->name, name) != 0)
        i++;
    return i;
}

struct invite *invites_find(const struct invites *all, const char *name)
{
    size_t i = find_index(all, name);
    return i < all->count ? all->at[i] : NULL;
}

struct invite *invites_add(struct invites *all, const char *name, int64_t now_s)
{
    if (all->count == INVITES_MAX)
        return NULL;
    struct invite *invite = xcalloc(1, sizeof *invite);
    invite_init(invite, name, now_s);
    all->at[all->count++] = invite;
    return invite;
}

bool invites_remove(struct invites *all, const char *name)
{
    size_t i = find_index(all, name);
    if (i == all->count)
        return false;
    invite_deinit(all->at[i]);
    free(all->at[i]);
    all->count--;
    memmove(&all->at[i], &all->at[i + 1], (all->count - i) * sizeof *all->at);
    return true;
}

void invites_set_signal(struct invites *all, const char *signal)
{
    char *copy = signal ? xstrdup(signal) : NULL;
    free(all->signal);
    all->signal = copy;
}

/* ---- encode ---- */

static bool encode_one(const struct invite *invite, struct buf *out)
{
    bool is_put = state_text_put(out, "invite", "%s", invite->name) &&
                  state_text_put_bytes(out, "secret", span_of(invite->secret, INVITE_SECRET_LEN)) &&
                  state_text_put(out, "made", "%" PRId64, invite->made_s);
    if (invite->expires_s > 0)
        is_put = is_put && state_text_put(out, "expires", "%" PRId64, invite->expires_s);
    if (invite->seen_s > 0)
        is_put =
            is_put && state_text_put(out, "seen", "%" PRId64 " %s", invite->seen_s, invite->from);
    for (size_t i = 0; i < invite->rule_count; i++)
        is_put = is_put && state_text_put(out, "allow", "%s", invite->rules[i]);
    return is_put;
}

bool invites_encode(const struct invites *all, struct buf *out)
{
    bool is_put = state_text_begin(out, KIND);
    if (all->signal)
        is_put = is_put && state_text_put(out, "signal", "%s", all->signal);
    for (size_t i = 0; i < all->count; i++)
        is_put = is_put && encode_one(all->at[i], out);
    return is_put && state_text_end(out);
}

/* ---- decode ---- */

static bool take_text(struct span value, char **out)
{
    if (memchr(value.data, '\0', value.len))
        return false;
    *out = xstrndup(value);
    return true;
}

static struct invite *decode_name(struct invites *all, const char *name)
{
    bool is_new = !invite_name_check(name) && !invites_find(all, name);
    return is_new ? invites_add(all, name, 0) : NULL;
}

static bool decode_seen(struct invite *invite, struct span value)
{
    const uint8_t *blank = memchr(value.data, ' ', value.len);
    if (!blank)
        return false;
    size_t len = (size_t)(blank - value.data);
    struct span from = span_skip(value, len + 1);
    if (from.len > INVITE_FROM_MAX)
        return false;
    for (size_t i = 0; i < from.len; i++)
        if (from.data[i] <= ' ' || from.data[i] >= 0x7f)
            return false;
    if (from.len > 0)
        memcpy(invite->from, from.data, from.len);
    invite->from[from.len] = '\0';
    return state_text_get_seconds(span_of(value.data, len), &invite->seen_s);
}

/* A line of an invite. Keys that are not known are those of a later version
 * that did not find them worth another number. */
static bool decode_line(struct invite *invite, struct span key, struct span value)
{
    if (span_is_string(key, "secret"))
        return state_text_get_bytes(value, invite->secret, INVITE_SECRET_LEN);
    if (span_is_string(key, "made"))
        return state_text_get_seconds(value, &invite->made_s);
    if (span_is_string(key, "expires"))
        return state_text_get_seconds(value, &invite->expires_s) && invite->expires_s > 0;
    if (span_is_string(key, "seen"))
        return decode_seen(invite, value);
    if (!span_is_string(key, "allow"))
        return true;
    char *rule = NULL;
    bool is_good = take_text(value, &rule) && !invite_add_rule(invite, rule);
    free(rule);
    return is_good;
}

struct decoding {
    struct invites *all;
    struct invite *invite; /* the last one */
    bool has_secret;       /* it has */
};

static bool decode_head_line(struct decoding *d, struct span key, struct span value)
{
    char *text = NULL;
    if (!take_text(value, &text))
        return false;
    bool is_good = true;
    if (span_is_string(key, "invite")) {
        is_good = !d->invite || d->has_secret;
        d->invite = is_good ? decode_name(d->all, text) : NULL;
        d->has_secret = false;
        is_good = d->invite != NULL;
    } else if (span_is_string(key, "signal")) {
        invites_set_signal(d->all, text);
    }
    free(text);
    return is_good;
}

static bool decode_lines(struct span lines, struct invites *all)
{
    struct decoding d = {.all = all};
    struct span key, value;
    bool is_good = true;
    while (is_good && state_text_next(&lines, &key, &value)) {
        if (!value.data)
            return false;
        bool is_of_invite = d.invite && !span_is_string(key, "invite");
        is_good =
            is_of_invite ? decode_line(d.invite, key, value) : decode_head_line(&d, key, value);
        d.has_secret = d.has_secret || span_is_string(key, "secret");
    }
    return is_good && (!d.invite || d.has_secret);
}

int invites_decode(struct span text, struct invites *all)
{
    struct span lines;
    invites_init(all);
    int error = state_text_open(text, KIND, &lines);
    if (error < 0)
        return error;
    if (decode_lines(lines, all))
        return 0;
    invites_deinit(all);
    return -EINVAL;
}
