/*
 * Names are narrow, since they stand in files, in fields of HTTP and on a
 * command line.
 */
#include "tunnel/invite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/random.h"
#include "base/wipe.h"

enum { LIFETIME_MAX = 999999 }; /* of any unit */

const char *invite_name_check(const char *name)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(name);
    if (len < 1 || len > INVITE_NAME_MAX || strspn(name, characters) != len || name[0] == '-')
        return "must be 1 to 64 letters, digits, '.', '_' or '-', as in phone";
    return NULL;
}

const char *invite_lifetime_parse(const char *text, int64_t *seconds)
{
    static const struct {
        char name;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    int64_t count = 0;
    size_t len = strspn(text, "0123456789");
    for (size_t i = 0; i < len && count <= LIFETIME_MAX; i++)
        count = count * 10 + (text[i] - '0');
    for (size_t i = 0; count > 0 && i < sizeof units / sizeof *units; i++)
        if (text[len] == units[i].name && text[len + 1] == '\0') {
            if (count > LIFETIME_MAX)
                return "must be at most 999999 of s, m, h, d or w";
            *seconds = count * units[i].seconds;
            return NULL;
        }
    return "must be a number of s, m, h, d or w, as in 7d";
}

void invite_init(struct invite *invite, const char *name, int64_t now_s)
{
    *invite = (struct invite){.made_s = now_s};
    snprintf(invite->name, sizeof invite->name, "%s", name);
    random_bytes(invite->secret, sizeof invite->secret);
}

void invite_deinit(struct invite *invite)
{
    while (invite->rule_count > 0)
        free(invite->rules[--invite->rule_count]);
    wipe(invite, sizeof *invite);
}

const char *invite_rules_add(char *rules[INVITE_RULES_MAX], size_t *count, const char *text)
{
    const char *wrong = access_rule_check(text);
    if (!wrong && *count == INVITE_RULES_MAX)
        wrong = "is one rule too many; 32 are the most";
    if (!wrong)
        rules[(*count)++] = xstrdup(text);
    return wrong;
}

const char *invite_add_rule(struct invite *invite, const char *text)
{
    return invite_rules_add(invite->rules, &invite->rule_count, text);
}

bool invite_has_expired(const struct invite *invite, int64_t now_s)
{
    return invite->expires_s > 0 && now_s >= invite->expires_s;
}

void invite_see(struct invite *invite, int64_t now_s, const char *from)
{
    invite->seen_s = now_s;
    snprintf(invite->from, sizeof invite->from, "%s", from);
}

bool invite_allows(const struct invite *invite, struct span method, struct span target)
{
    if (invite->rule_count == 0)
        return true;
    char *path = access_path(target);
    bool is_allowed = false;
    for (size_t i = 0; i < invite->rule_count && !is_allowed; i++)
        is_allowed = access_rule_matches(invite->rules[i], method, path);
    free(path);
    return is_allowed;
}
