/*
 * What a Redis publishes to a signal server of a cluster: envelopes one behind
 * the other, to an engine that has a seat in a room. What is taken for one
 * comes out again as it was.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "signal/cluster/cluster.h"
#include "signal/cluster/cluster_post.h"
#include "signal/cluster/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_deliver(void *owner, const struct signal_message *message, void *arg)
{
    (void)owner, (void)message, (void)arg;
}

static void on_pass(void *owner, struct span text, void *arg)
{
    (void)owner, (void)text, (void)arg;
}

static void on_expel(void *owner, const char *why, void *arg)
{
    (void)owner, (void)why, (void)arg;
}

static void on_publish(const uint8_t *to, struct span head, struct span text, void *arg)
{
    (void)to, (void)head, (void)text, (void)arg;
}

static void on_ids(const uint8_t *ids, size_t count, void *arg)
{
    (void)ids, (void)count, (void)arg;
}

static void on_release(const uint8_t *room, void *arg)
{
    (void)room, (void)arg;
}

static void check_again(struct span bytes)
{
    struct envelope envelope;
    uint8_t again[ENVELOPE_FIXED_MAX];
    if (!envelope_decode(bytes, &envelope))
        return;
    size_t len = envelope_encode(&envelope, again);
    assert(len + envelope.text.len == bytes.len);
    /* Flags and spelling apart, which are ours to choose. */
    assert(memcmp(again, bytes.data, ENVELOPE_HEAD_LEN) == 0);
}

/* A seat whose room's home is the server of 16 bytes 'a'. */
static struct seat *sit_down(struct cluster *cluster, uint8_t *home)
{
    char room[] = "room";
    const struct signal_message join = {.type = SIGNAL_JOIN, .room = room};
    static const uint8_t id[CLUSTER_ID_LEN] = {0x58, 0x46, 0xbc, 0xf5, 0x4d, 0x57, 0x51, 0x24,
                                               0xef, 0x1c, 0xc1, 0xbe, 0xb1, 0xf4, 0x31, 0x03};
    struct seat *seat = seat_new(cluster, NULL);
    cluster_on_up(cluster, 1);
    seat_take(seat, SPAN_LITERAL("{}"), &join, 1);
    cluster_run(cluster, 1);
    cluster_on_claimed(cluster, id, home, 1, 1);
    return seat;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t me[CLUSTER_ID_LEN] = {1};
    uint8_t home[CLUSTER_ID_LEN];
    memset(home, 'a', sizeof home);
    const struct cluster_handlers handlers = {on_deliver, on_pass, on_expel, NULL};
    const struct cluster_store store = {on_publish, on_ids, on_release, on_ids, NULL};
    struct cluster *cluster = cluster_new(me, 8, &handlers, &store, 1);
    struct seat *seat = sit_down(cluster, home);
    struct span bytes = span_of(data, size), envelope;
    uint64_t now_us = 2;
    while (cluster_post_next(&bytes, &envelope)) {
        check_again(envelope);
        cluster_receive(cluster, envelope, now_us++);
        cluster_run(cluster, now_us);
    }
    seat_free(seat, now_us);
    cluster_free(cluster, now_us);
    return 0;
}
