/*
 * Which of two ways the datagrams of a peer take: the direct one, which ICE
 * finds, or the relay of last resort. Pure: what becomes of each and the time
 * go in, the way comes out.
 *
 *            CHOICE_RELAY_US without one,
 *            or it has failed                    nobody answers on it
 *   none ────────────────────────────► relay ◄──────────────────────── direct
 *     │                                  │                               ▲
 *     └──────────────────────────────────┴───────────────────────────────┘
 *                               it works
 *
 * A direct way that works is taken at once. But each change costs what the
 * congestion control knows: one that was left again within CHOICE_CALM_US is
 * taken when it has worked for a second, then for two, and so on, up to
 * CHOICE_HOLD_MOST_US. Where there is no relay, it is the direct way or none.
 *
 * Each side decides for itself, but who notices first that nobody answers helps
 * the other one: whoever hears by the relay, and not by the direct way, answers
 * by the relay, for a while.
 */
#ifndef RTC_PATH_CHOICE_H
#define RTC_PATH_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define CHOICE_RELAY_US      (1500 * US_PER_MS)
#define CHOICE_CALM_US       (5 * US_PER_S)
#define CHOICE_HOLD_FIRST_US (1 * US_PER_S)
#define CHOICE_HOLD_MOST_US  (30 * US_PER_S)

/* For so long nothing has come but by the relay, until it is followed; and for
 * so long at most, by when it is known whether the direct way works. */
#define CHOICE_FOLLOW_US      (300 * US_PER_MS)
#define CHOICE_FOLLOW_MOST_US (5 * US_PER_S)

enum way { WAY_NONE, WAY_DIRECT, WAY_RELAY };

/* What is known of the direct way. */
enum direct {
    DIRECT_SOUGHT, /* there was none yet */
    DIRECT_WORKS,
    DIRECT_SILENT, /* nobody answers on it, but it is there */
    DIRECT_LOST,   /* it is not there any more */
    DIRECT_FAILED  /* none was found */
};

struct path_choice {
    enum way way;
    enum direct direct;
    bool has_relay;
    uint64_t begun_us; /* when it began to be sought; TIME_NEVER before */
    uint64_t works_us; /* since when it works */
    uint64_t taken_us; /* when it was taken last */
    uint64_t hold_us;  /* for how long it must work to be taken again */
    uint64_t alone_us; /* since when what came was relayed; TIME_NEVER: it was not */
    uint64_t follow_until_us;
};

void path_choice_init(struct path_choice *c);

/* Both sides know of each other: a way is sought. */
void path_choice_begin(struct path_choice *c, uint64_t now_us);
void path_choice_on_direct(struct path_choice *c, enum direct direct, uint64_t now_us);
void path_choice_on_relay(struct path_choice *c, bool has_relay);

/* Something came by the relay; has_direct: and by the direct way, since the
 * last time. */
void path_choice_on_relayed(struct path_choice *c, bool has_direct, uint64_t now_us);

/* The way from now on; to be asked after each of those, and when the deadline
 * has come. */
enum way path_choice_decide(struct path_choice *c, uint64_t now_us);

/* TIME_NEVER: none. */
uint64_t path_choice_deadline_us(const struct path_choice *c);

#endif
