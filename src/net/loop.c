/*
 * One turn of the loop, as libuv orders its phases:
 *
 *   prepare   deferred calls, hooks' before(), deadlines that were touched,
 *             then: how long may we sleep? And a rest, where what came in the
 *             turn before could have waited (respite.h)
 *   poll      descriptors and signals; sleeps until the next deadline
 *   check     hooks' after(), then the timers that are due
 *   closing   libuv lets go of closed handles, their memory is freed
 *
 * Timers are our own heap (timers.c) and not libuv's: those run in
 * milliseconds, order within one by chance of the start, and let a callback
 * that starts a timer of 0 ms keep the loop in that phase for ever. An alarm
 * (net/alarm.h) ends the sleep in time, to the microsecond: SCTP spaces its
 * packets by it, and a millisecond at 1 Gbit/s is more than many a router
 * queues.
 */
#include "net/loop.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "net/alarm.h"
#include "net/conn.h"
#include "net/deferred.h"
#include "net/loop_internal.h"
#include "net/loop_uv.h"
#include "net/respite.h"
#include "net/rush.h"
#include "net/trim.h"
#include "net/wake_watch.h"

/* loop_free() waits this long for background work; and for look-ups that nobody
 * waits for any more, which the name server may never answer. */
#define LOOP_FREE_WAIT_US    (6 * US_PER_S)
#define LOOP_FREE_LOOKUPS_US (100 * US_PER_MS)

#define POOL_SIZE "8"

/* It has expired: not what it could be set to. */
#define ALARM_OVER (TIME_NEVER - 1)

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t haste; /* active: the poll does not wait */
    uv_poll_t alarm;
    int alarm_fd;
    uint64_t alarm_us;    /* what it is set to; TIME_NEVER: nothing; or ALARM_OVER */
    uint64_t expected_us; /* a deadline that was still to come; TIME_NEVER: else */
    uint64_t checked_us;  /* when sleep was last looked for: twice a turn */
    bool has_events;      /* in this turn */
    struct timers timers;
    struct deferred deferred;
    struct list hooks;
    struct list wake_calls;
    struct list before_sleep;
    struct patient_line patient_line;
    struct rush rush;
    struct read_share read_share;
    struct respite respite;
    struct loop_memory memory;
    unsigned objects;
    unsigned background;
    bool is_finishing; /* in loop_free() */
    uint8_t *read_buffer;
    uint8_t *bursts;
    struct buf plain;
    uint8_t *rooms[LOOP_ROOMS];
    struct trim trim;
};

struct turn_hook {
    struct list link;
    struct loop *loop;
    void (*before)(void *arg);
    void (*after)(void *arg);
    void *arg;
};

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

struct timers *loop_timers(struct loop *loop)
{
    return &loop->timers;
}

struct list *loop_wake_calls(struct loop *loop)
{
    return &loop->wake_calls;
}

struct list *loop_before_sleep(struct loop *loop)
{
    return &loop->before_sleep;
}

struct patient_line *loop_patient_line(struct loop *loop)
{
    return &loop->patient_line;
}

void loop_add_object(struct loop *loop)
{
    loop->objects++;
}

void loop_drop_object(struct loop *loop)
{
    assert(loop->objects > 0);
    loop->objects--;
}

void loop_add_background(struct loop *loop)
{
    loop->background++;
}

void loop_drop_background(struct loop *loop)
{
    assert(loop->background > 0);
    loop->background--;
}

unsigned loop_background_count(const struct loop *loop)
{
    return loop->background;
}

uint8_t *loop_read_buffer(struct loop *loop)
{
    if (!loop->read_buffer)
        loop->read_buffer = xcalloc(CONN_READ_MORE, 1);
    return loop->read_buffer;
}

uint8_t *loop_bursts(struct loop *loop)
{
    if (!loop->bursts)
        loop->bursts = xreallocarray(NULL, LOOP_BURSTS, LOOP_BURST_LEN);
    return loop->bursts;
}

struct buf *loop_plain_buffer(struct loop *loop)
{
    return &loop->plain;
}

uint8_t *loop_room(struct loop *loop, enum loop_room room)
{
    if (!loop->rooms[room])
        loop->rooms[room] = xcalloc(LOOP_ROOM_LEN, 1);
    return loop->rooms[room];
}

uint64_t loop_now_us(const struct loop *loop)
{
    return loop->checked_us;
}

struct loop_memory *loop_memory(struct loop *loop)
{
    return &loop->memory;
}

struct read_share *loop_read_share(struct loop *loop)
{
    return &loop->read_share;
}

struct rush *loop_rush(struct loop *loop)
{
    return &loop->rush;
}

void loop_trim(struct loop *loop)
{
    trim_ask(&loop->trim);
}

void loop_can_wait(struct loop *loop)
{
    respite_on_patience(&loop->respite);
}

/* The check phase does the rest. The expiry is on the descriptor until the
 * alarm is set again, which is before the loop sleeps: a read would be one call
 * more. */
static void on_alarm(uv_poll_t *alarm, int status, int events)
{
    (void)status;
    (void)events;
    struct loop *loop = alarm->data;
    loop->alarm_us = ALARM_OVER;
}

static void ignore_haste(uv_idle_t *haste)
{
    (void)haste;
}

/* What is due already needs no alarm: that is a call of the kernel and, set
 * into the past, an interrupt. */
static void set_alarm(struct loop *loop)
{
    uint64_t next_us = timers_next_us(&loop->timers);
    bool is_idle = loop->background == 0 && loop->patient_line.abandoned == 0;
    if (loop->deferred.count > 0 || rush_is_ready(&loop->rush) || (loop->is_finishing && is_idle))
        next_us = 0;
    loop->expected_us = next_us > loop->checked_us ? next_us : TIME_NEVER;
    if (next_us <= clock_now_us()) {
        uv_idle_start(&loop->haste, ignore_haste);
        return;
    }
    uv_idle_stop(&loop->haste);
    if (next_us == loop->alarm_us)
        return;
    loop->alarm_us = next_us;
    alarm_set(loop->alarm_fd, next_us);
}

/* Not where there is work in hand, or soon. A signal of the system ends it. */
static void rest(struct loop *loop)
{
    uint64_t rest_us = respite_end_turn(&loop->respite, loop->checked_us);
    if (rest_us == 0 || uv_is_active((uv_handle_t *)&loop->haste) ||
        timers_next_us(&loop->timers) < clock_now_us() + rest_us)
        return;
    const struct timespec pause = {.tv_nsec = (long)rest_us * 1000};
    nanosleep(&pause, NULL);
}

static void run_before_sleep(struct loop *loop)
{
    struct list *first;
    while ((first = list_first(&loop->before_sleep)) != NULL) {
        struct before_sleep *b = LIST_ENTRY(first, struct before_sleep, link);
        list_remove(first);
        b->call(b->arg);
    }
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    deferred_run(&loop->deferred);
    rush_end_turn(&loop->rush, loop->checked_us);
    LIST_EACH(link, tmp, &loop->hooks) {
        struct turn_hook *hook = LIST_ENTRY(link, struct turn_hook, link);
        if (hook->before)
            hook->before(hook->arg);
    }
    run_before_sleep(loop);
    set_alarm(loop);
    rest(loop);
}

static void tell_sleep(struct loop *loop, uint64_t since_us)
{
    LIST_EACH(link, tmp, &loop->wake_calls) {
        struct wake_call *call = LIST_ENTRY(link, struct wake_call, link);
        if (call->on_wake)
            call->on_wake(since_us, call->arg);
    }
}

/* Whether the alarm came so late that the machine must have slept. */
static void look_for_sleep(struct loop *loop)
{
    uint64_t expected_us = loop->expected_us;
    loop->checked_us = clock_now_us();
    if (loop->checked_us < expected_us)
        return;
    loop->expected_us = TIME_NEVER;
    if (loop->checked_us - expected_us >= WAKE_WATCH_LEAST_US)
        tell_sleep(loop, expected_us);
}

void loop_begin_events(struct loop *loop)
{
    respite_on_event(&loop->respite);
    if (loop->has_events)
        return;
    loop->has_events = true;
    look_for_sleep(loop);
}

static void on_check(uv_check_t *check)
{
    struct loop *loop = check->data;
    LIST_EACH(link, tmp, &loop->hooks) {
        struct turn_hook *hook = LIST_ENTRY(link, struct turn_hook, link);
        if (hook->after)
            hook->after(hook->arg);
    }
    look_for_sleep(loop);
    loop->has_events = false;
    read_share_end_turn(&loop->read_share);
    timers_run(&loop->timers, loop->checked_us);
}

struct loop *loop_new(void)
{
    struct loop *loop = xcalloc(1, sizeof *loop);
    /* libuv reads it at the first use of its pool; who has set it knows why.
     * What it is for: resolve.c. */
    setenv("UV_THREADPOOL_SIZE", POOL_SIZE, 0);
    if (uv_loop_init(&loop->uv) != 0)
        abort();
    loop->memory = (struct loop_memory){{LOOP_RECEIVED_MAX, 0}, {LOOP_SENT_MAX, 0}};
    timers_init(&loop->timers);
    list_init(&loop->hooks);
    list_init(&loop->wake_calls);
    list_init(&loop->before_sleep);
    list_init(&loop->patient_line.waiting);
    rush_init(&loop->rush);
    buf_init(&loop->plain, CONN_READ_MAX);
    trim_init(&loop->trim, &loop->timers, clock_now_us, alloc_trim);
    /* These cannot fail. The prepare handle keeps uv_run() running. */
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    uv_idle_init(&loop->uv, &loop->haste);
    loop->alarm_us = loop->expected_us = TIME_NEVER;
    loop->checked_us = clock_now_us();
    loop->alarm_fd = alarm_open();
    if (loop->alarm_fd < 0 || uv_poll_init(&loop->uv, &loop->alarm, loop->alarm_fd) != 0)
        abort();
    loop->alarm.data = loop;
    uv_poll_start(&loop->alarm, UV_READABLE, on_alarm);
    loop->prepare.data = loop->check.data = loop;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
    return loop;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

static void on_wait_over(void *arg)
{
    *(bool *)arg = true;
}

/* Turns until neither of the two is left, nor a deferred call. False when it
 * takes too long. */
static bool finish(struct loop *loop, const unsigned *work, uint64_t wait_us)
{
    bool is_over = false;
    struct timer_node wait;
    timer_node_init(&wait, on_wait_over, &is_over);
    timers_start(&loop->timers, &wait, clock_now_us() + wait_us);
    while (!is_over && (*work > 0 || loop->deferred.count > 0))
        uv_run(&loop->uv, UV_RUN_ONCE);
    timers_stop(&loop->timers, &wait);
    return !is_over;
}

bool loop_free(struct loop *loop)
{
    if (!loop)
        return true;
    loop->is_finishing = true;
    if (!finish(loop, &loop->background, LOOP_FREE_WAIT_US) ||
        !finish(loop, &loop->patient_line.abandoned, LOOP_FREE_LOOKUPS_US))
        return false; /* the pool still writes to it */
    assert(loop->objects == 0);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->haste, NULL);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    close(loop->alarm_fd);
    int error = uv_loop_close(&loop->uv);
    assert(error == 0);
    (void)error;
    trim_deinit(&loop->trim);
    timers_deinit(&loop->timers);
    buf_deinit(&loop->plain);
    free(loop->read_buffer);
    for (size_t i = 0; i < LOOP_ROOMS; i++)
        free(loop->rooms[i]);
    free(loop->bursts);
    deferred_deinit(&loop->deferred);
    free(loop);
    return true;
}

void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    deferred_add(&loop->deferred, fn, arg);
}

struct turn_hook *turn_hook_new(struct loop *loop, void (*before)(void *arg),
                                void (*after)(void *arg), void *arg)
{
    struct turn_hook *hook = xcalloc(1, sizeof *hook);
    hook->loop = loop;
    hook->before = before;
    hook->after = after;
    hook->arg = arg;
    list_append(&loop->hooks, &hook->link);
    loop_add_object(loop);
    return hook;
}

static void turn_hook_destroy(void *arg)
{
    struct turn_hook *hook = arg;
    list_remove(&hook->link);
    free(hook);
}

void turn_hook_free(struct turn_hook *hook)
{
    if (!hook)
        return;
    /* It stays linked until nobody walks the list. */
    hook->before = NULL;
    hook->after = NULL;
    loop_drop_object(hook->loop);
    loop_defer(hook->loop, turn_hook_destroy, hook);
}
