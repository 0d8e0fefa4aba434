/*
 * One invite: a named secret for one device, with an expiry and access rules.
 * Pure; times are seconds since 1970 and given by the caller.
 */
#ifndef TUNNEL_INVITE_H
#define TUNNEL_INVITE_H

#include "tunnel/access_rule.h"
#include "tunnel/seal_key.h"

enum {
    INVITE_NAME_MAX = SEAL_NAME_MAX,
    INVITE_RULES_MAX = 32,
    INVITE_FROM_MAX = 64 /* bytes of an address */
};

#define INVITE_DEFAULT "default" /* the one that serve makes at its first start */

struct invite {
    char name[INVITE_NAME_MAX + 1];
    uint8_t secret[INVITE_SECRET_LEN];
    int64_t made_s;
    int64_t expires_s;              /* 0: never */
    int64_t seen_s;                 /* when its device was last here; 0: never */
    char from[INVITE_FROM_MAX + 1]; /* and from where */
    char *rules[INVITE_RULES_MAX];  /* as access_rule_check() takes them; none: all is allowed */
    size_t rule_count;
};

/* NULL, or what is wrong with a name: as in "must be …". */
const char *invite_name_check(const char *name);

/* "90s", "30m", "12h", "7d", "4w", at most 999999 of each: *seconds. NULL, or
 * what is wrong. */
const char *invite_lifetime_parse(const char *text, int64_t *seconds);

/* A new one, with a secret at random. The name has passed its check. */
void invite_init(struct invite *invite, const char *name, int64_t now_s);

/* Zeroes it. */
void invite_deinit(struct invite *invite);

/* Copied. NULL, or what is wrong, as access_rule_check(). */
const char *invite_add_rule(struct invite *invite, const char *text);

/* The same for a list that is no invite's yet. */
const char *invite_rules_add(char *rules[INVITE_RULES_MAX], size_t *count, const char *text);

bool invite_has_expired(const struct invite *invite, int64_t now_s);

/* Its device is here, at that address. */
void invite_see(struct invite *invite, int64_t now_s, const char *from);

/* Whether its device may ask for that; target: of the request, as the client
 * wrote it. */
bool invite_allows(const struct invite *invite, struct span method, struct span target);

#endif
