/*
 * What the other files of net/ need of loop.c, which needs none of them but the
 * heap of timers. Not for anybody else.
 */
#ifndef NET_LOOP_INTERNAL_H
#define NET_LOOP_INTERNAL_H

#include <stdint.h>

#include "base/list.h"
#include "net/loop.h"
#include "net/read_share.h"
#include "net/timers.h"

struct timers *loop_timers(struct loop *loop);

/* What is called when the machine has slept. */
struct wake_call {
    struct list link;
    void (*on_wake)(uint64_t since_us, void *arg); /* NULL: freed, still linked */
    void *arg;
};
struct list *loop_wake_calls(struct loop *loop);

/* What is called once before the loop sleeps, behind what was deferred; it is
 * out of the list then, and may be taken out before. */
struct before_sleep {
    struct list link;
    void (*call)(void *arg); /* calls nobody else */
    void *arg;
};
struct list *loop_before_sleep(struct loop *loop);

/* A descriptor has something: before it is looked at, the first in a turn
 * shows whether the machine has slept. */
void loop_begin_events(struct loop *loop);

/* That could have waited: where there is little else, others like it are waited
 * for, see net/respite.h. */
void loop_can_wait(struct loop *loop);

/* Objects that their owner must close before loop_free(). */
void loop_add_object(struct loop *loop);
void loop_drop_object(struct loop *loop);

/* Work that goes on after its owner has let go of it (a queue that still goes
 * out); loop_free() waits for it. */
void loop_add_background(struct loop *loop);
void loop_drop_background(struct loop *loop);
unsigned loop_background_count(const struct loop *loop);

/* Of resolve.c: the look-ups that can wait, and those of all that are in the
 * pool and that nobody waits for any more. */
struct patient_line {
    struct list waiting;
    int asked;
    unsigned abandoned;
};
struct patient_line *loop_patient_line(struct loop *loop);

/* CONN_READ_MORE bytes that all connections of the loop read into, one after
 * the other: their content lasts until the reader returns to the loop. */
uint8_t *loop_read_buffer(struct loop *loop);

/* Among whom what is read in a turn is shared. */
struct read_share *loop_read_share(struct loop *loop);

/* LOOP_BURSTS times the most that a UDP socket gives at once, for all of
 * them: a page that nobody has written to is none. */
enum { LOOP_BURSTS = 8, LOOP_BURST_LEN = 64 << 10 };
uint8_t *loop_bursts(struct loop *loop);

/* As the read buffer, for what TLS decrypts. */
struct buf *loop_plain_buffer(struct loop *loop);

#endif
