/*
 * Envelopes to one server carry numbers without a hole. Where the receiver
 * finds one, it has missed something, and asks for all that matters anew; what
 * comes late, on a connection that was thought to be broken, is no use any
 * more.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "signal/cluster/cluster_internal.h"

struct fellow *fellow_find(struct cluster *cluster, const uint8_t *id)
{
    struct table_node *node = table_find(&cluster->fellows_by_id, span_of(id, CLUSTER_ID_LEN));
    return node ? LIST_ENTRY(node, struct fellow, node) : NULL;
}

struct fellow *fellow_get(struct cluster *cluster, const uint8_t *id)
{
    struct fellow *fellow = fellow_find(cluster, id);
    if (fellow)
        return fellow;
    fellow = xcalloc(1, sizeof *fellow);
    memcpy(fellow->id, id, CLUSTER_ID_LEN);
    fellow->epoch = ++cluster->epochs;
    list_init(&fellow->rooms);
    list_init(&fellow->lodgers);
    table_init(&fellow->lodgers_by_seat);
    list_append(&cluster->fellows, &fellow->in_all);
    table_insert(&cluster->fellows_by_id, &fellow->node, span_of(fellow->id, CLUSTER_ID_LEN));
    return fellow;
}

void fellow_free(struct cluster *cluster, struct fellow *fellow)
{
    assert(list_is_empty(&fellow->rooms) && list_is_empty(&fellow->lodgers));
    table_remove(&cluster->fellows_by_id, &fellow->node);
    list_remove(&fellow->in_all);
    table_deinit(&fellow->lodgers_by_seat);
    free(fellow);
}

static bool is_count(const struct envelope *envelope)
{
    return envelope->kind == ENVELOPE_COUNT;
}

/* Counts also without Redis: the hole will show. */
void fellow_send(struct cluster *cluster, struct fellow *fellow, struct envelope *envelope)
{
    uint8_t head[ENVELOPE_FIXED_MAX];
    envelope->from = cluster->id;
    envelope->epoch = fellow->epoch;
    fellow->sent += !is_count(envelope);
    envelope->seq = fellow->sent;
    if (cluster->state != CLUSTER_UP)
        return;
    cluster->counts.published++;
    cluster->store.publish(fellow->id, span_of(head, envelope_encode(envelope, head)),
                           envelope->text, cluster->store.arg);
}

enum fellow_order fellow_take(struct fellow *fellow, const struct envelope *envelope)
{
    bool is_new = !fellow->has_got || envelope->epoch > fellow->got_epoch;
    bool was_forgotten = fellow->has_got && is_new;
    uint64_t expected = (is_new ? 0 : fellow->got) + !is_count(envelope);
    if (!is_new && (envelope->epoch < fellow->got_epoch || envelope->seq < expected))
        return FELLOW_STALE;
    fellow->has_got = true;
    fellow->got_epoch = envelope->epoch;
    fellow->got = envelope->seq;
    return envelope->seq == expected && !was_forgotten ? FELLOW_NEXT : FELLOW_GAP;
}
