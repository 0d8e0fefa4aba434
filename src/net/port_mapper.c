/*
 * One errand at a time: what is to be given back comes first, then what was
 * asked for last of all, then what is to be renewed. A mapping that is closed
 * lives on until the router has taken it back.
 *
 * Where no router answers, the next socket of the same address does not ask
 * again for a while: each negotiation has new sockets.
 */
#include "net/port_mapper.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "net/errand.h"
#include "net/interfaces.h"
#include "net/router.h"

#define RENEW_US (ROUTER_LEASE_S / 2 * US_PER_S)
#define RETRY_US (60 * US_PER_S) /* where no router answers */

/* GONE: closed, and the router does not know of it. */
enum mapping_state { WANTED, MAPPED, REFUSED, CLOSED, GONE };

struct port_mapping {
    struct port_mapper *mapper;
    struct list link;
    enum mapping_state state;
    struct address local;
    struct address outside;                                      /* len 0: none */
    uint64_t due_us;                                             /* of MAPPED: when it is renewed */
    void (*on_answer)(const struct address *outside, void *arg); /* NULL once it came */
    void *arg;
};

struct port_mapper {
    struct loop *loop;
    struct router *router;
    struct timer *timer;
    struct list mappings;
    struct port_mapping *asked; /* whose errand is under way */
    struct address answer;      /* of that errand, and */
    int error;
    bool takes_back;        /* what it is */
    struct address deaf;    /* from that address no router answers, */
    uint64_t deaf_until_us; /* as was found out before this */
    bool is_freed;
    void (*next)(void *arg); /* on_timer() */
};

static void destroy(struct port_mapper *mapper)
{
    router_free(mapper->router);
    timer_free(mapper->timer);
    free(mapper);
}

static void answer(struct port_mapping *mapping)
{
    void (*on_answer)(const struct address *outside, void *arg) = mapping->on_answer;
    mapping->on_answer = NULL;
    if (on_answer)
        on_answer(mapping->outside.len > 0 ? &mapping->outside : NULL, mapping->arg);
}

/* ---- errands ---- */

/* In another thread. */
static void ask(void *arg)
{
    struct port_mapper *mapper = arg;
    if (mapper->takes_back)
        router_unmap(mapper->router, &mapper->asked->local, &mapper->asked->outside);
    else
        mapper->error = router_map(mapper->router, &mapper->asked->local, &mapper->answer);
}

static void note_map(struct port_mapper *mapper, struct port_mapping *mapping)
{
    char text[ADDRESS_TEXT_LEN];
    bool is_closed = mapping->state == CLOSED;
    if (mapper->error == 0) {
        mapping->outside = mapper->answer;
        mapping->due_us = clock_now_us() + RENEW_US;
        log_debug("router: %s leads here", address_format(&mapping->outside, text));
    } else if (mapper->error == -ENOENT) {
        mapper->deaf = mapping->local;
        mapper->deaf_until_us = clock_now_us() + RETRY_US;
    }
    if (is_closed)
        mapping->state = mapping->outside.len > 0 ? CLOSED : GONE;
    else
        mapping->state = mapper->error == 0 ? MAPPED : REFUSED;
}

static void on_done(void *arg)
{
    struct port_mapper *mapper = arg;
    struct port_mapping *mapping = mapper->asked;
    mapper->asked = NULL;
    if (mapper->takes_back)
        mapping->state = GONE;
    else
        note_map(mapper, mapping);
    answer(mapping);
    mapper->next(mapper);
}

static void start(struct port_mapper *mapper, struct port_mapping *mapping)
{
    mapper->asked = mapping;
    mapper->takes_back = mapping->state == CLOSED;
    mapper->answer = mapping->outside;
    mapper->error = 0;
    errand_run(mapper->loop, ask, on_done, mapper);
}

/* ---- what is next ---- */

static bool is_deaf(const struct port_mapper *mapper, const struct port_mapping *mapping)
{
    return mapping->state == WANTED && clock_now_us() < mapper->deaf_until_us &&
           address_is_same_host(&mapper->deaf, &mapping->local);
}

static void remove_gone(struct port_mapper *mapper)
{
    LIST_EACH(link, tmp, &mapper->mappings) {
        struct port_mapping *mapping = LIST_ENTRY(link, struct port_mapping, link);
        if (mapping->state != GONE)
            continue;
        list_remove(&mapping->link);
        free(mapping);
    }
}

/* The first of them all that is to be taken back, else that is to be asked
 * for; or NULL, with when one is to be renewed. */
static struct port_mapping *find_next(struct port_mapper *mapper, uint64_t *due_us)
{
    struct port_mapping *next = NULL;
    uint64_t now_us = clock_now_us();
    *due_us = TIME_NEVER;
    LIST_EACH(link, tmp, &mapper->mappings) {
        struct port_mapping *mapping = LIST_ENTRY(link, struct port_mapping, link);
        bool is_due = mapping->state == MAPPED && mapping->due_us <= now_us;
        if (mapping->state == CLOSED)
            return mapping;
        if (!next && (mapping->state == WANTED || is_due))
            next = mapping;
        if (mapping->state == MAPPED && mapping->due_us < *due_us)
            *due_us = mapping->due_us;
    }
    return next;
}

static void on_timer(void *arg)
{
    struct port_mapper *mapper = arg;
    uint64_t due_us;
    if (mapper->asked)
        return; /* on_done() comes back here */
    remove_gone(mapper);
    struct port_mapping *next = find_next(mapper, &due_us);
    if (next && is_deaf(mapper, next)) {
        next->state = REFUSED;
        timer_start_in(mapper->timer, 0);
        answer(next);
    } else if (next) {
        start(mapper, next);
    } else if (mapper->is_freed) {
        destroy(mapper);
    } else {
        timer_start_at(mapper->timer, due_us);
    }
}

/* ---- life ---- */

struct port_mapper *port_mapper_new(struct loop *loop)
{
    struct port_mapper *mapper = xcalloc(1, sizeof *mapper);
    mapper->loop = loop;
    mapper->router = router_new();
    mapper->timer = timer_new(loop, on_timer, mapper);
    mapper->next = on_timer;
    list_init(&mapper->mappings);
    return mapper;
}

void port_mapper_free(struct port_mapper *mapper)
{
    if (!mapper)
        return;
    mapper->is_freed = true;
    on_timer(mapper);
}

struct port_mapping *port_mapping_new(struct port_mapper *mapper, const struct address *local,
                                      void (*on_answer)(const struct address *outside, void *arg),
                                      void *arg)
{
    struct port_mapping *mapping = xcalloc(1, sizeof *mapping);
    mapping->mapper = mapper;
    mapping->state = WANTED;
    mapping->local = *local;
    mapping->on_answer = on_answer;
    mapping->arg = arg;
    list_append(&mapper->mappings, &mapping->link);
    timer_start_in(mapper->timer, 0);
    return mapping;
}

void port_mapping_close(struct port_mapping *mapping)
{
    if (!mapping)
        return;
    struct port_mapper *mapper = mapping->mapper;
    bool is_known = mapping->outside.len > 0 || mapper->asked == mapping;
    mapping->on_answer = NULL;
    mapping->state = is_known ? CLOSED : GONE;
    timer_start_in(mapper->timer, 0);
}
