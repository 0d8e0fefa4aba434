/*
 * The datagrams that the server passes on between members (docs/PROTOCOL.md,
 * "relay"): how fast, in which order, and which not at all. Pure: bytes and the
 * time go in, bytes come out of a callback; no socket, no clock.
 *
 *   rooms take turns ─► in a room, flows do ─► of a flow, in order ─► send()
 *
 * A flow is what one member sends to another one. Turns are by bytes. Each
 * member sends at most at one rate, all together at most at another. What would
 * wait for longer than SHAPER_WAIT_US is dropped, at the sender's cost alone:
 * that is how a congestion control learns how much gets through. Who offers far
 * more all the same should not be read from for a while (shaper_pause_us()), so
 * that TCP slows it: dropping is work, too. A member that takes nothing now
 * (is_blocked) holds up what is for it, and no one else.
 */
#ifndef SIGNAL_SHAPER_H
#define SIGNAL_SHAPER_H

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/span.h"

struct shaper;
struct shaper_room;

#define SHAPER_WAIT_US  (200 * US_PER_MS)
#define SHAPER_PAUSE_US (1 * US_PER_S)
#define SHAPER_BURST_US (5 * US_PER_MS) /* of a rate, that may go at once: a timer is late */

/* A member's end of all its flows, embedded in the member. */
struct shaper_end {
    struct shaper_room *room; /* where it takes turns; NULL: it has no flows */
    struct list sending;      /* flows from here */
    struct list receiving;    /* flows to here */
    struct list held;         /* those of them that wait until it is not blocked */
    struct heap flows;        /* flows from here that are not held, by turn */
    struct heap_node place;   /* of who has such: among its room's, or those who wait */
    uint64_t free_at_us;      /* when it may send again */
    uint64_t offered_at_us;   /* when what it has offered had been its share */
    size_t queued;            /* bytes of it that wait */
    bool is_blocked;          /* nothing can be sent to it now */
    uint64_t sent_bytes;      /* of it that were passed on */
    uint64_t dropped;         /* datagrams of it that were not */
};

void shaper_end_init(struct shaper_end *end);

struct shaper_config {
    uint64_t rate;       /* bytes a second of one member; above 0 */
    uint64_t total_rate; /* of all together; above 0 */
};

/* send is to pass it on at once, and may block that end, but not leave. */
struct shaper *shaper_new(const struct shaper_config *config,
                          void (*send)(struct shaper_end *to, struct span bytes, void *arg),
                          void *arg);

/* Every end must have left. NULL is allowed. */
void shaper_free(struct shaper *shaper);

/* A datagram, copied where it has to wait. room: names what takes turns. cost:
 * those of its bytes that count. */
void shaper_offer(struct shaper *shaper, const void *room, struct shaper_end *from,
                  struct shaper_end *to, struct span bytes, size_t cost, uint64_t now_us);

/* For so long nothing more should be taken from it, of which nearly all would
 * be dropped; 0: it may go on. No longer than SHAPER_PAUSE_US. */
uint64_t shaper_pause_us(const struct shaper_end *end, uint64_t now_us);

/* It can be sent to again, or not. */
void shaper_set_blocked(struct shaper *shaper, struct shaper_end *end, bool is_blocked);

/* What waits from and to it is dropped. */
void shaper_leave(struct shaper *shaper, struct shaper_end *end);

/* When shaper_run() is next wanted, or TIME_NEVER. */
uint64_t shaper_deadline_us(const struct shaper *shaper);
void shaper_run(struct shaper *shaper, uint64_t now_us);

#endif
