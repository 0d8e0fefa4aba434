#include "cli/invite_view.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "base/date.h"

/* ---- for a person ---- */

static const char *format_time(int64_t seconds, char out[32])
{
    time_t at = (time_t)seconds;
    struct tm tm;
    if (at != seconds)
        return "after 2038"; /* a time_t of 32 bits, as Debian 12's on armhf, ends there */
    if (seconds == 0 || !localtime_r(&at, &tm))
        return "-";
    strftime(out, 32, "%Y-%m-%d %H:%M", &tm);
    return out;
}

/* An address and a rule may be long, so each has a line of its own. */
static void print_invite(const struct invite *invite, int64_t now_s)
{
    char made[32], expires[32], seen[32];
    bool has_expired = invite_has_expired(invite, now_s);
    printf("%-16s  %-16s  %-16s  %s\n", invite->name, format_time(invite->made_s, made),
           has_expired ? "has expired" : format_time(invite->expires_s, expires),
           format_time(invite->seen_s, seen));
    if (invite->from[0])
        printf("  from %s\n", invite->from);
    for (size_t i = 0; i < invite->rule_count; i++)
        printf("  allow %s\n", invite->rules[i]);
}

void invite_view_print(const struct invites *all, int64_t now_s)
{
    printf("%-16s  %-16s  %-16s  %s\n", "NAME", "MADE", "EXPIRES", "LAST SEEN");
    for (size_t i = 0; i < all->count; i++)
        print_invite(all->at[i], now_s);
}

/* ---- for a program ---- */

/* What a hand has written into the file may be no UTF-8. */
static json_t *text_of(const char *text)
{
    json_t *value = json_string(text);
    return value ? value : json_string("?");
}

/* 0: never. */
static void set_moment(json_t *object, const char *name, int64_t seconds)
{
    char text[DATE_TEXT_LEN];
    if (seconds != 0)
        json_object_set_new(object, name, json_string(date_format(seconds, text)));
}

static void print_json(const struct invite *invite, int64_t now_s)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", text_of(invite->name));
    set_moment(object, "made", invite->made_s);
    set_moment(object, "expires", invite->expires_s);
    if (invite_has_expired(invite, now_s))
        json_object_set_new(object, "has_expired", json_true());
    set_moment(object, "seen", invite->seen_s);
    if (invite->from[0])
        json_object_set_new(object, "from", text_of(invite->from));
    json_t *rules = invite->rule_count > 0 ? json_array() : NULL;
    for (size_t i = 0; i < invite->rule_count; i++)
        json_array_append_new(rules, text_of(invite->rules[i]));
    if (rules)
        json_object_set_new(object, "allow", rules);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

void invite_view_print_json(const struct invites *all, int64_t now_s)
{
    for (size_t i = 0; i < all->count; i++)
        print_json(all->at[i], now_s);
}
