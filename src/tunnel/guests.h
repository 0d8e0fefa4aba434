/*
 * The devices that a running provider lets in: its invites, as they are in the
 * state folder now. When another process changes them there, or one expires,
 * the seal and the sessions hear of it at once.
 */
#ifndef TUNNEL_GUESTS_H
#define TUNNEL_GUESTS_H

#include "net/loop.h"
#include "tunnel/seal.h"
#include "tunnel/state.h"

struct guests;

struct guests_handlers {
    /* Not a guest any more. */
    void (*on_gone)(const char *device, void *arg);
};

/* state and seal outlive it. 0 with *out, or an error of state_read(), with a
 * sentence in why. */
int guests_new(struct loop *loop, struct state *state, struct seal *seal,
               const struct guests_handlers *handlers, void *arg, struct guests **out,
               char why[STATE_WHY_MAX]);
void guests_free(struct guests *guests); /* NULL is allowed */

/* NULL for who is none. */
const struct invite *guests_find(const struct guests *guests, const char *device);

/* A device is here, at that address, and is gone: see tunnel/presence.h. */
void guests_come(struct guests *guests, uint32_t partner, const char *device, const char *from);
void guests_go(struct guests *guests, uint32_t partner);

#endif
