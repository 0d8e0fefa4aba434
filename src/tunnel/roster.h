/*
 * With whom a keeper has sessions, and what each is called in lines for a
 * person: by its invite, or by its number.
 */
#ifndef TUNNEL_ROSTER_H
#define TUNNEL_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "rtc/peer.h"
#include "tunnel/mux.h"

/* A session, or a restart, may find several paths within milliseconds, and a
 * restart end at the one that was there before. What is news is where it has
 * come to after so long. */
#define ROSTER_PATH_SETTLES_US (300 * US_PER_MS)

struct roster_entry {
    struct list link;
    uint32_t partner;
    unsigned session; /* that is up; 0: none is */
    char name[MUX_DEVICE_MAX + 1];
    struct peer_path told; /* of that session; empty before */
    uint64_t up_us;
    uint64_t news_us; /* when its path is told, if that is another one; or TIME_NEVER */
    bool was_broken;  /* the path, in between */
    bool is_settling; /* the one before was only the first that was found */
};

struct roster {
    struct list entries; /* who has come up last is the last */
    size_t up;
};

/* What a partner is called. device: NULL for none. */
void roster_name(uint32_t partner, const char *device, char out[MUX_DEVICE_MAX + 1]);

void roster_init(struct roster *roster);
void roster_deinit(struct roster *roster);

/* A session of that partner is up, another one perhaps. device: NULL for
 * none. */
void roster_enter(struct roster *roster, uint32_t partner, unsigned session, const char *device,
                  uint64_t now_us);

/* It is over. */
void roster_strike(struct roster *roster, uint32_t partner);

void roster_forget(struct roster *roster, uint32_t partner);

/* NULL for one that is not known. */
struct roster_entry *roster_find(const struct roster *roster, uint32_t partner);

/* The path of its session is another one, perhaps. */
void roster_change_path(struct roster_entry *entry, bool was_broken, uint64_t now_us);

/* When the first of those is to be told; TIME_NEVER: there is none. */
uint64_t roster_news_us(const struct roster *roster);

/* One whose time has come, and is over; NULL: there is none. */
struct roster_entry *roster_next_news(struct roster *roster, uint64_t now_us);

/* This machine's addresses have changed: no path that follows belongs to the
 * first. */
void roster_settle(struct roster *roster);

/* Whether that is news, of its session; told or not, it is what the next one is
 * compared with. A path that is none has no local address. */
bool roster_tell_path(struct roster_entry *entry, const struct peer_path *path);

/* The session that came up last; 0: none is. */
unsigned roster_last(const struct roster *roster);

#endif
