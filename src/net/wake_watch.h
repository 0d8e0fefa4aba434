/*
 * Tells when the machine has slept, or this process was stopped for as long:
 * nobody was heard, and nobody heard us. What has come in since may be from
 * before, so it shows nothing about who is still there.
 *
 * It is told before anything else happens: before what has come in is looked
 * at, and before the timers, most of which are due then. A sleep in which no
 * timer has become due is not told.
 */
#ifndef NET_WAKE_WATCH_H
#define NET_WAKE_WATCH_H

#include "base/clock.h"
#include "net/loop.h"

#define WAKE_WATCH_LEAST_US (5 * US_PER_S) /* no turn of the loop ever takes that long */

struct wake_watch;

/* on_wake's since_us: at this time, at the latest, it fell asleep. */
struct wake_watch *wake_watch_new(struct loop *loop, void (*on_wake)(uint64_t since_us, void *arg),
                                  void *arg);
void wake_watch_free(struct wake_watch *watch); /* NULL is allowed */

#endif
