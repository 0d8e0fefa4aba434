/*
 * A rate is one time: when what has been sent has passed at that rate. It is
 * kept from falling more than a burst behind the clock.
 *
 * A turn is a count of bytes: who has sent least is next, and who comes anew
 * begins where the others are (start-time fair queueing, Goyal et al. 1996).
 * That a flow's receiver is blocked shows when it would be next: then it is
 * laid aside.
 */
#include "signal/shaper_flow.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

enum {
    /* Who can send again may be so far ahead of those that did. */
    TURNS_SAVED_BYTES = 2 * TURN_BYTES,
    QUEUE_MIN = 24 << 10, /* bytes of a member, also where its rate is that low */
    /* Of its share that a member may offer: a congestion control offers little
     * more than it gets, on the average. */
    OFFER_PERCENT = 125
};

void shaper_end_init(struct shaper_end *end)
{
    *end = (struct shaper_end){0};
    list_init(&end->sending);
    list_init(&end->receiving);
    list_init(&end->held);
}

struct shaper *shaper_new(const struct shaper_config *config,
                          void (*send)(struct shaper_end *to, struct span bytes, void *arg),
                          void *arg)
{
    assert(config->rate > 0 && config->total_rate > 0);
    struct shaper *shaper = xcalloc(1, sizeof *shaper);
    shaper->config = *config;
    shaper->send = send;
    shaper->arg = arg;
    table_init(&shaper->rooms);
    list_init(&shaper->packets);
    return shaper;
}

void shaper_free(struct shaper *shaper)
{
    if (!shaper)
        return;
    table_deinit(&shaper->rooms);
    free(shaper);
}

/* ---- rates ---- */

static void charge(uint64_t *free_at_us, size_t cost, uint64_t rate, uint64_t now_us)
{
    uint64_t from_us = now_us > SHAPER_BURST_US ? now_us - SHAPER_BURST_US : 0;
    if (*free_at_us < from_us)
        *free_at_us = from_us;
    *free_at_us += cost * US_PER_S / rate;
}

static void pass_on(struct shaper *shaper, struct shaper_end *from, struct shaper_end *to,
                    struct span bytes, size_t cost, uint64_t now_us)
{
    charge(&from->free_at_us, cost, shaper->config.rate, now_us);
    charge(&shaper->free_at_us, cost, shaper->config.total_rate, now_us);
    from->sent_bytes += cost;
    shaper->send(to, bytes, shaper->arg);
}

/* What a member gets when all that send want as much as they can get. */
static uint64_t share_of(const struct shaper *shaper)
{
    size_t senders = shaper->senders > 0 ? shaper->senders : 1;
    uint64_t part = shaper->config.total_rate / senders;
    uint64_t share = part < shaper->config.rate ? part : shaper->config.rate;
    return share > 0 ? share : 1;
}

/* A debt beyond the longest pause is forgiven: who is quiet again has not to
 * wait for long. */
static void charge_offer(const struct shaper *shaper, struct shaper_end *end, size_t cost,
                         uint64_t now_us)
{
    uint64_t most_us = now_us + SHAPER_WAIT_US + SHAPER_PAUSE_US;
    charge(&end->offered_at_us, cost * 100 / OFFER_PERCENT, share_of(shaper), now_us);
    if (end->offered_at_us > most_us)
        end->offered_at_us = most_us;
}

uint64_t shaper_pause_us(const struct shaper_end *end, uint64_t now_us)
{
    uint64_t from_us = now_us + SHAPER_WAIT_US;
    return end->offered_at_us > from_us ? end->offered_at_us - from_us : 0;
}

/* ---- what comes ---- */

static struct flow *longest_of(const struct shaper_end *from)
{
    struct flow *longest = NULL;
    LIST_EACH(at, next, &from->sending) {
        struct flow *flow = LIST_ENTRY(at, struct flow, of_sender);
        longest = !longest || flow->queued > longest->queued ? flow : longest;
    }
    return longest;
}

static size_t queue_max(uint64_t rate)
{
    uint64_t most = rate * SHAPER_WAIT_US / US_PER_S;
    return most > QUEUE_MIN ? (size_t)most : QUEUE_MIN;
}

/* Of all together there is too much, and of this member no less than of others;
 * far too much is everybody's fault. Nobody is searched for: this is asked for
 * each datagram of a flood. */
static bool is_over_its_part(const struct shaper *shaper, const struct shaper_end *from)
{
    size_t most = queue_max(shaper->config.total_rate);
    bool has_much = from->queued >= shaper->queued / shaper->senders;
    return shaper->queued > 2 * most || (shaper->queued > most && has_much);
}

/* What is too much for a member, or for all, would wait for too long. */
static void keep_to_queues(struct shaper *shaper, const struct shaper_end *from, uint64_t now_us)
{
    while (from->queued > 0 &&
           (from->queued > queue_max(shaper->config.rate) || is_over_its_part(shaper, from)))
        flow_drop(shaper, longest_of(from), now_us);
}

static bool may_pass(const struct shaper *shaper, const struct shaper_end *from,
                     const struct shaper_end *to, uint64_t now_us)
{
    return from->free_at_us <= now_us && shaper->free_at_us <= now_us && !to->is_blocked;
}

void shaper_offer(struct shaper *shaper, const void *room, struct shaper_end *from,
                  struct shaper_end *to, struct span bytes, size_t cost, uint64_t now_us)
{
    charge_offer(shaper, from, cost, now_us);
    if (from->queued == 0 && may_pass(shaper, from, to, now_us)) {
        pass_on(shaper, from, to, bytes, cost, now_us);
        return;
    }
    flow_push(shaper, flow_find(shaper, room, from, to, now_us), bytes, cost, now_us);
    keep_to_queues(shaper, from, now_us);
}

void shaper_set_blocked(struct shaper *shaper, struct shaper_end *end, bool is_blocked)
{
    struct list *first;
    end->is_blocked = is_blocked;
    if (is_blocked)
        return;
    while ((first = list_first(&end->held)) != NULL)
        flow_let_go(shaper, LIST_ENTRY(first, struct flow, held));
}

void shaper_leave(struct shaper *shaper, struct shaper_end *end)
{
    struct list *first;
    while ((first = list_first(&end->sending)) != NULL)
        flow_drop_all(shaper, LIST_ENTRY(first, struct flow, of_sender));
    while ((first = list_first(&end->receiving)) != NULL)
        flow_drop_all(shaper, LIST_ENTRY(first, struct flow, of_receiver));
}

/* ---- what goes ---- */

/* Drops what is late. The oldest of all is the first of its flow. */
static void drop_late(struct shaper *shaper, uint64_t now_us)
{
    struct list *first;
    while ((first = list_first(&shaper->packets)) != NULL) {
        const struct packet *packet = LIST_ENTRY(first, struct packet, of_all);
        if (now_us - packet->came_us <= SHAPER_WAIT_US)
            return;
        flow_drop(shaper, packet->flow, now_us);
    }
}

static void wake(struct shaper *shaper, uint64_t now_us)
{
    while (shaper->waiting.first && shaper->waiting.first->key <= now_us)
        flow_place_sender(shaper, HEAP_ENTRY(shaper->waiting.first, struct shaper_end, place),
                          now_us);
}

/* Of the room whose turn it is, the flow that is behind most; or NULL. */
static struct flow *choose(struct shaper *shaper, uint64_t now_us)
{
    while (shaper->free_at_us <= now_us && shaper->ready.first) {
        const struct shaper_room *room = HEAP_ENTRY(shaper->ready.first, struct shaper_room, place);
        struct shaper_end *from = HEAP_ENTRY(room->senders.first, struct shaper_end, place);
        struct flow *flow = flow_first(from);
        bool may_send = from->free_at_us <= now_us;
        if (may_send && !flow->to->is_blocked)
            return flow;
        if (may_send)
            flow_hold(shaper, flow, now_us);
        else
            flow_place_sender(shaper, from, now_us);
    }
    return NULL;
}

/* now: the turn of who was last served beside it. Who could not send, or was
 * not there, has saved up little. */
static void take_turn(uint64_t *turn, uint64_t *now, size_t cost)
{
    if (*turn + TURNS_SAVED_BYTES < *now)
        *turn = *now - TURNS_SAVED_BYTES;
    if (*turn > *now)
        *now = *turn;
    *turn += cost;
}

static void serve(struct shaper *shaper, struct flow *flow, uint64_t now_us)
{
    struct packet *packet = flow_pull(shaper, flow);
    struct shaper_end *from = flow->from;
    take_turn(&from->room->turn, &shaper->turn, packet->cost);
    take_turn(&flow->turn, &from->room->flows_turn, packet->cost);
    pass_on(shaper, from, flow->to, span_of(packet->data, packet->len), packet->cost, now_us);
    free(packet);
    flow_settle(shaper, flow, now_us);
}

uint64_t shaper_deadline_us(const struct shaper *shaper)
{
    const struct list *first = list_first(&shaper->packets);
    if (!first)
        return TIME_NEVER;
    uint64_t late_us = LIST_ENTRY(first, struct packet, of_all)->came_us + SHAPER_WAIT_US + 1;
    uint64_t free_us = shaper->ready.first     ? 0
                       : shaper->waiting.first ? shaper->waiting.first->key
                                               : TIME_NEVER;
    free_us = free_us > shaper->free_at_us ? free_us : shaper->free_at_us;
    return free_us < late_us ? free_us : late_us;
}

void shaper_run(struct shaper *shaper, uint64_t now_us)
{
    struct flow *flow;
    drop_late(shaper, now_us);
    wake(shaper, now_us);
    while ((flow = choose(shaper, now_us)) != NULL)
        serve(shaper, flow, now_us);
}
