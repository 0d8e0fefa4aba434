/*
 * .local names, behind which browsers hide their addresses: one question to
 * the local network, asked three times (RFC 6762 section 5.1: a one-shot query
 * from a port of our own, answered by unicast). Never by the system's
 * resolver, which may block for seconds.
 *
 * A name that nobody answers for is no loss: its owner checks us from there
 * and becomes peer-reflexive.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "ice/mdns.h"
#include "rtc/ice_io_internal.h"

enum { QUESTIONS_MAX = 3 };

#define QUESTION_INTERVAL_US (1 * US_PER_S)

struct ice_lookup {
    struct list link; /* in io.lookups */
    struct ice_io *io;
    struct udp *udp; /* or NULL */
    struct timer *timer;
    int id;
    int questions;
    char *name;
};

static void lookup_free(void *arg)
{
    struct ice_lookup *lookup = arg;
    free(lookup->name);
    free(lookup);
}

static void lookup_close(struct ice_lookup *lookup)
{
    list_remove(&lookup->link);
    if (lookup->udp)
        udp_close(lookup->udp);
    timer_free(lookup->timer);
    loop_defer(lookup->io->loop, lookup_free, lookup);
}

static void answer(struct ice_lookup *lookup, const struct ice_address *address)
{
    struct ice_io *io = lookup->io;
    int id = lookup->id;
    lookup_close(lookup);
    ice_agent_resolved(io->agent, id, address, clock_now_us());
    ice_io_rearm(io);
}

static void on_answer(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    (void)segment; /* one datagram is plenty; more are asked for again */
    (void)from;
    struct ice_lookup *lookup = arg;
    struct ice_address addresses[MDNS_ADDRESSES_MAX];
    int count = mdns_answer_decode(bytes, lookup->name, addresses, MDNS_ADDRESSES_MAX);
    if (count > 0)
        answer(lookup, &addresses[0]);
}

static void ask(void *arg)
{
    struct ice_lookup *lookup = arg;
    uint8_t question[MDNS_QUERY_MAX];
    struct ice_address group = ice_address_v4(224, 0, 0, 251, MDNS_PORT);
    struct address to = ice_to_sockaddr(&group);
    int len = mdns_query_encode(lookup->name, (uint16_t)random_u32(), question);
    if (!lookup->udp || len < 0 || lookup->questions++ == QUESTIONS_MAX) {
        answer(lookup, NULL);
        return;
    }
    /* Without a network to ask in, the last question's end says so. */
    int ignored = udp_send(lookup->udp, span_of(question, (size_t)len), (size_t)len, &to);
    (void)ignored;
    timer_start_in(lookup->timer, QUESTION_INTERVAL_US);
}

void ice_io_look_up(struct ice_io *io, int id, const char *name)
{
    static const struct udp_handlers handlers = {.on_burst = on_answer};
    struct ice_address any = ice_address_v4(0, 0, 0, 0, 0);
    struct address local = ice_to_sockaddr(&any);
    struct ice_lookup *lookup = xcalloc(1, sizeof *lookup);
    if (udp_new(io->loop, &local, &handlers, lookup, &lookup->udp) < 0)
        lookup->udp = NULL; /* out of descriptors: answered with nothing, by ask() */
    lookup->io = io;
    lookup->id = id;
    lookup->name = xstrdup(name);
    lookup->timer = timer_new(io->loop, ask, lookup);
    list_append(&io->lookups, &lookup->link);
    timer_start_in(lookup->timer, 0);
}

void ice_io_close_lookups(struct ice_io *io)
{
    LIST_EACH(link, next, &io->lookups)
    {
        lookup_close(LIST_ENTRY(link, struct ice_lookup, link));
    }
}
