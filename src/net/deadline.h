/*
 * When an engine next wants to be called. The loop asks before it sleeps, so
 * that nobody who calls the engine has to think of its timer.
 *
 *   a turn:  what comes ─► calls into the engine
 *            ─► next_us() ─► sleep ─► on_due()
 *
 * Nearly every packet moves a deadline away, so the timer is set anew only for
 * an earlier one; where it then expires too early, on_due() does not come.
 */
#ifndef NET_DEADLINE_H
#define NET_DEADLINE_H

#include <stdint.h>

#include "base/clock.h"
#include "net/loop.h"

struct deadline;

/* next_us: in microseconds of clock_now_us(), 0 for at once, TIME_NEVER for
 * none. It is asked in every turn, and must not call anybody. */
struct deadline *deadline_new(struct loop *loop, uint64_t (*next_us)(void *arg),
                              void (*on_due)(void *arg), void *arg);
void deadline_free(struct deadline *deadline); /* NULL is allowed */

/* The same for an engine of which there may be a thousand, most of them at
 * rest: it is asked in a turn in which deadline_touch() said that the engine
 * was called, and after on_due(). A deadline that only goes away needs no
 * touch. A build that checks (TUNNEL_CHECK) asks all of them in every turn, and
 * aborts where a touch was forgotten. on_due() may come late, by a 16th of the
 * wait at most, and not at all where that is below 100 ms: so many of them are
 * due together. */
struct deadline *deadline_new_touched(struct loop *loop, uint64_t (*next_us)(void *arg),
                                      void (*on_due)(void *arg), void *arg);
void deadline_touch(struct deadline *deadline); /* NULL is allowed */

#define DEADLINE_EXACT_US (100 * US_PER_MS)
enum { DEADLINE_LATE_PART = 16 };

/* For tests: when it is due that would be at at_us. */
uint64_t deadline_on_grid(uint64_t at_us, uint64_t now_us);

#endif
