/*
 * Where its owner comes late, a slot may hold nodes of two rounds: those of the
 * later one are behind, since they came later.
 */
#include "signal/wheel.h"

#include "base/clock.h"

static struct list *slot(struct wheel *wheel, uint64_t at_us)
{
    return &wheel->slots[at_us / wheel->moment_us % WHEEL_SLOTS];
}

void wheel_init(struct wheel *wheel, uint64_t moment_us)
{
    wheel->moment_us = moment_us;
    wheel->next_us = TIME_NEVER;
    for (int i = 0; i < WHEEL_SLOTS; i++)
        list_init(&wheel->slots[i]);
}

void wheel_put(struct wheel *wheel, struct wheel_node *node, uint64_t at_us)
{
    uint64_t over_us = at_us % wheel->moment_us;
    node->at_us = over_us > 0 ? at_us - over_us + wheel->moment_us : at_us;
    list_remove(&node->link);
    list_append(slot(wheel, node->at_us), &node->link);
    if (node->at_us < wheel->next_us)
        wheel->next_us = node->at_us;
}

/* To the next moment that has a slot with something in it. */
static void go_on(struct wheel *wheel)
{
    for (int i = 0; i < WHEEL_SLOTS; i++) {
        wheel->next_us += wheel->moment_us;
        if (!list_is_empty(slot(wheel, wheel->next_us)))
            return;
    }
    wheel->next_us = TIME_NEVER;
}

struct wheel_node *wheel_take(struct wheel *wheel, uint64_t now_us)
{
    while (wheel->next_us <= now_us) {
        struct list *first = list_first(slot(wheel, wheel->next_us));
        struct wheel_node *node = first ? LIST_ENTRY(first, struct wheel_node, link) : NULL;
        if (node && node->at_us <= now_us) {
            list_remove(first);
            return node;
        }
        go_on(wheel);
    }
    return NULL;
}
