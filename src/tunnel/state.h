/*
 * What a provider keeps: its identity and its invites, in a state folder.
 * Several processes may have the same one open: a running `serve`, and the
 * commands that change its invites.
 *
 * A file that is damaged is named and left as it is, whatever that costs: the
 * identity in it may still be read by somebody, and a new one would make all
 * links worthless.
 */
#ifndef TUNNEL_STATE_H
#define TUNNEL_STATE_H

#include "tunnel/identity.h"
#include "tunnel/invites.h"

struct state;

#define STATE_INVITES_FILE "invites" /* for who watches it */

enum { STATE_WHY_MAX = 512 };

/* Opens the folder (NULL: see state_folder_path()), with the identity in it;
 * both are made where they are missing. 0, or a negative errno and a sentence
 * in why. */
int state_open(const char *folder, struct state **out, char why[STATE_WHY_MAX]);

/* The same, but what is missing stays so: -ENOENT. */
int state_open_kept(const char *folder, struct state **out, char why[STATE_WHY_MAX]);

/* Zeroes what is secret. NULL is allowed. */
void state_close(struct state *state);

const char *state_folder_of(const struct state *state);
const struct identity *state_identity(const struct state *state);

/* For who serves from it, one at a time: two would meet each other in the room,
 * and each wait for a consumer. Until it is closed, or the process ends. 0, or
 * as above; -EAGAIN: another one does. */
int state_claim(struct state *state, char why[STATE_WHY_MAX]);

/* The invites as they are now, to be freed by invites_deinit(). 0, or as
 * above. */
int state_read(const struct state *state, struct invites *out, char why[STATE_WHY_MAX]);

/* Changes the invites while nobody else does. edit() returns 0 for a change
 * that is to be kept; else nothing is written and its result comes back. 0, or
 * as above. */
int state_edit(struct state *state, int (*edit)(struct invites *all, void *arg), void *arg,
               char why[STATE_WHY_MAX]);

/* The file of an identity; pure. The decoder as invites_decode(). For tests. */
bool identity_encode(const struct identity *identity, struct buf *out);

/* For tests. */
int identity_decode(struct span text, struct identity *out);

#endif
