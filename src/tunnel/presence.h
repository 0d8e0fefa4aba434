/*
 * Of a provider: which devices are here, and its notes in the state folder of
 * when each was here last: when it comes, every PRESENCE_NOTE_US while it
 * stays, and when it goes.
 */
#ifndef TUNNEL_PRESENCE_H
#define TUNNEL_PRESENCE_H

#include "net/loop.h"
#include "tunnel/state.h"

struct presence;

/* A process that is killed has noted when a device was here, this exactly. */
#define PRESENCE_NOTE_US (600 * US_PER_S)

/* state outlives it. */
struct presence *presence_new(struct loop *loop, const struct state *state);

/* All that are here are noted once more; loop_free() waits for that. NULL is
 * allowed. */
void presence_free(struct presence *presence);

/* The device of that invite is here, as that partner and at that address; or is
 * at another one now. */
void presence_come(struct presence *presence, uint32_t partner, const struct invite *invite,
                   const char *from);
void presence_go(struct presence *presence, uint32_t partner); /* harmless for who never came */

#endif
