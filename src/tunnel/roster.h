/*
 * With whom a keeper has sessions, and what each is called in lines for a
 * person: by its invite, or by its number.
 */
#ifndef TUNNEL_ROSTER_H
#define TUNNEL_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "rtc/peer.h"
#include "tunnel/mux.h"

struct roster_entry {
    struct list link;
    uint32_t partner;
    unsigned session; /* that is up; 0: none is */
    char name[MUX_DEVICE_MAX + 1];
    struct peer_path told; /* of that session; empty before */
};

struct roster {
    struct list entries; /* who has come up last is the last */
    size_t up;
};

void roster_init(struct roster *roster);
void roster_deinit(struct roster *roster);

/* A session of that partner is up, another one perhaps. device: NULL for
 * none. */
void roster_enter(struct roster *roster, uint32_t partner, unsigned session, const char *device);

/* It is over. */
void roster_strike(struct roster *roster, uint32_t partner);

void roster_forget(struct roster *roster, uint32_t partner);

/* NULL for one that is not known. */
struct roster_entry *roster_find(const struct roster *roster, uint32_t partner);

/* The session that came up last; 0: none is. */
unsigned roster_last(const struct roster *roster);

#endif
