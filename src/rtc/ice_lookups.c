/*
 * A name that nobody answers for is no loss: its owner checks us from there
 * and becomes peer-reflexive.
 */
#include "rtc/ice_lookups.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "ice/mdns.h"
#include "net/udp.h"
#include "rtc/ice_address.h"

enum { QUESTIONS_MAX = 3 };

#define QUESTION_INTERVAL_US (1 * US_PER_S)

struct ice_lookup {
    struct list link; /* in owner.all */
    struct ice_lookups *owner;
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
    loop_defer(lookup->owner->loop, lookup_free, lookup);
}

static void answer(struct ice_lookup *lookup, const struct ice_address *address)
{
    const struct ice_lookups *owner = lookup->owner;
    int id = lookup->id;
    lookup_close(lookup);
    owner->on_answer(id, address, owner->arg);
}

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
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

void ice_lookups_init(struct ice_lookups *lookups, struct loop *loop,
                      void (*on_answer)(int id, const struct ice_address *address, void *arg),
                      void *arg)
{
    *lookups = (struct ice_lookups){.loop = loop, .on_answer = on_answer, .arg = arg};
    list_init(&lookups->all);
}

void ice_lookups_start(struct ice_lookups *lookups, int id, const char *name)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct ice_address any = ice_address_v4(0, 0, 0, 0, 0);
    struct address local = ice_to_sockaddr(&any);
    struct ice_lookup *lookup = xcalloc(1, sizeof *lookup);
    if (udp_new(lookups->loop, &local, &handlers, lookup, &lookup->udp) < 0)
        lookup->udp = NULL; /* out of descriptors: answered with nothing, by ask() */
    lookup->owner = lookups;
    lookup->id = id;
    lookup->name = xstrdup(name);
    lookup->timer = timer_new(lookups->loop, ask, lookup);
    list_append(&lookups->all, &lookup->link);
    timer_start_in(lookup->timer, 0);
}

void ice_lookups_stop(struct ice_lookups *lookups)
{
    LIST_EACH(link, next, &lookups->all) {
        lookup_close(LIST_ENTRY(link, struct ice_lookup, link));
    }
}
