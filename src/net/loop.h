/*
 * The event loop: one thread, one loop, everything on it. Wraps libuv so that
 * no uv type appears above this directory.
 *
 * Objects made on a loop (timers, watches, connections) are closed by their
 * own free/close functions, which detach at once: no callback comes after
 * they return. The memory goes with the next turn, so an object may be closed
 * under its own callback.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

#include "base/budget.h"

struct loop;
struct timer;
struct fd_watch;
struct signal_watch;
struct turn_hook;
struct rush;

/* Never NULL; aborts when the kernel refuses a descriptor for it. */
struct loop *loop_new(void);

/* Runs what is still closing (connections whose queue goes out in the
 * background; 6 s at most), then frees. Every object made on the loop must
 * have been closed before; one that was not is an assertion failure, which is
 * how leaks of handles show in tests. NULL is allowed. False: a thread of the
 * pool still uses it, as one that waits for a name server; it may be tried
 * again. exit(3) would wait for that thread, _exit(2) does not. */
bool loop_free(struct loop *loop);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* When the events of this turn had come, on the scale of clock_now_us(): for
 * whom a turn's length does not matter. It never runs backwards. */
uint64_t loop_now_us(const struct loop *loop);

/* Bytes that all on the loop write to, one after the other: what a writer puts
 * there lasts until it returns to the loop. */
enum loop_room { LOOP_ROOM_PACKETS, LOOP_ROOM_BURST, LOOP_ROOM_MESSAGE, LOOP_ROOMS };
enum { LOOP_ROOM_LEN = 128 << 10 };
uint8_t *loop_room(struct loop *loop, enum loop_room room);

/* What all on the loop may hold, beyond what each may in any case: of what
 * their other sides send, and of what these have not acknowledged. */
enum { LOOP_RECEIVED_MAX = 256 << 20, LOOP_SENT_MAX = 256 << 20 };
struct loop_memory {
    struct budget received;
    struct budget sent;
};
struct loop_memory *loop_memory(struct loop *loop);

/* Who sends in which turn, where several have much to send: net/rush.h. */
struct rush *loop_rush(struct loop *loop);

/* What was freed goes back to the system, when it is quiet: see net/trim.h. */
void loop_trim(struct loop *loop);

/* Calls fn(arg) in a later turn, before the loop sleeps: for what must not
 * happen under the current callback. In the order of the calls. */
void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg);

/* A one-shot timer, stopped until started. */
struct timer *timer_new(struct loop *loop, void (*on_expiry)(void *arg), void *arg);

/* Expires at a time of clock_now_us(), never early and late only by what the
 * turn under way takes; a time that has passed expires in the next turn, after
 * the loop has looked at its descriptors. Timers expire in the order of their
 * deadlines, equal ones in that of their starts. Starting again replaces the
 * deadline. TIME_NEVER stops the timer. */
void timer_start_at(struct timer *timer, uint64_t deadline_us);
void timer_start_in(struct timer *timer, uint64_t delay_us);
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer); /* NULL is allowed */

/* Calls on_signal at each arrival of the signal. A watch does not keep the
 * loop running. */
struct signal_watch *signal_watch_new(struct loop *loop, int number,
                                      void (*on_signal)(int number, void *arg), void *arg);
void signal_watch_free(struct signal_watch *watch);

enum { FD_READABLE = 1, FD_WRITABLE = 2, FD_ERRORS = 4 };

/* Level-triggered readiness of a descriptor that stays the caller's, with one
 * watch at most. events is a set of FD_*; on_ready gets the ready ones, all of
 * them when the descriptor is in error, so that the caller's next call on it
 * finds out. Errors are always watched for but with an empty set; FD_ERRORS
 * alone waits for nothing else (and comes for urgent data of TCP too). The
 * watch is freed before the descriptor is closed. */
struct fd_watch *fd_watch_new(struct loop *loop, int fd, int events,
                              void (*on_ready)(int events, void *arg), void *arg);
void fd_watch_set_events(struct fd_watch *watch, int events);
void fd_watch_free(struct fd_watch *watch);

/* Calls before(arg) each time before the loop looks for events, and
 * after(arg) once it has: for libraries that bring a loop of their own.
 * Either may be NULL. */
struct turn_hook *turn_hook_new(struct loop *loop, void (*before)(void *arg),
                                void (*after)(void *arg), void *arg);
void turn_hook_free(struct turn_hook *hook);

#endif
