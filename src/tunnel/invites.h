/*
 * All invites of a provider, and their file in the state folder. Pure.
 */
#ifndef TUNNEL_INVITES_H
#define TUNNEL_INVITES_H

#include "base/buf.h"
#include "tunnel/invite.h"

enum { INVITES_MAX = 256 };

struct invites {
    char *signal; /* the signal server's URL with which serve last ran, for links; or NULL */
    struct invite *at[INVITES_MAX];
    size_t count;
};

void invites_init(struct invites *all);

/* Zeroes what is secret. */
void invites_deinit(struct invites *all);

/* NULL when there is none of that name. */
struct invite *invites_find(const struct invites *all, const char *name);

/* A new one with a name that is not in use; NULL when there are INVITES_MAX. */
struct invite *invites_add(struct invites *all, const char *name, int64_t now_s);

/* False when there is none of that name. */
bool invites_remove(struct invites *all, const char *name);

/* NULL for none. Copied. */
void invites_set_signal(struct invites *all, const char *signal);

/* Appends the file's text, STATE_TEXT_MAX at most; false when it is longer. */
bool invites_encode(const struct invites *all, struct buf *out);

/* 0 with *all, to be freed by invites_deinit(); -EINVAL for what is damaged,
 * -EPROTONOSUPPORT for a newer version's; then nothing is to be freed. */
int invites_decode(struct span text, struct invites *all);

#endif
