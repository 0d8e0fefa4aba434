/*
 * Several signal servers that are one: members of a room meet, whichever server
 * each of them has reached. An engine: it is told what comes and the time, and
 * says what is to be sent.
 *
 * Each room has a home, the one server that runs it (signal/room.h). Who that
 * is stands in Redis, under a hash of the room's name, from the first join on:
 *
 *            claim            us
 *   SEEKING ───────► Redis ─────────► HERE    runs it, as if alone
 *      ▲               │
 *      │               │ another
 *      │               └────────────► AFAR    its members are forwarded there
 *      └── its home has died, or says that it is elsewhere
 *
 * A socket has a seat here, at its own server, for as long as it is in a room;
 * at the room's home it is a lodger. What its client says goes from the seat to
 * the lodger, and what the room has for it back, as envelopes (signal/cluster/
 * envelope.h) by the pub/sub of Redis, or directly where the home is here. So
 * places, keys and pairing are decided by one engine, whatever the number of
 * servers.
 *
 * A seat that has to enter anew, because its room has another home or because
 * an envelope was lost, keeps its id. Its client is told who is gone, and who
 * is new, since it was told last; the others see it leave and come again, and
 * will offer. Of two seats with one key, the later join has the place.
 *
 * Each server renews a lease. One whose lease has run out is dead to the
 * others: its lodgers leave, and who has seats in its rooms claims them.
 * Without Redis for longer than a grace, each server is an island, on which
 * every room has its home, and tells whoever may miss somebody. Back again,
 * each claims its rooms: of two homes the one that Redis names wins.
 */
#ifndef SIGNAL_CLUSTER_H
#define SIGNAL_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/span.h"
#include "signal/message.h"

enum {
    CLUSTER_ID_LEN = 16,            /* of a server, random; of a room, a hash */
    CLUSTER_CLAIMS_MAX = 128,       /* rooms in one question to Redis */
    CLUSTER_WAITING_MAX = 256 << 10 /* bytes that a client may say before its seat has entered */
};

/* A server whose lease is over is dead. With a beat that comes late by one, its
 * members are free after 12 s. */
#define CLUSTER_LEASE_US (9 * US_PER_S)
#define CLUSTER_BEAT_US  (3 * US_PER_S)

/* A room's entry outlives its home by so much at most, should nobody claim it;
 * and is renewed so often. */
#define CLUSTER_ROOM_LEASE_US (120 * US_PER_S)
#define CLUSTER_RENEW_US      (40 * US_PER_S)

/* A Redis that is restarted is back by then. */
#define CLUSTER_GRACE_US (3 * US_PER_S)

/* A home that has not answered a seat by then may be another one by now. */
#define CLUSTER_ANSWER_US (2 * US_PER_S)

struct cluster;
struct seat;

/* Where what a seat's client is told goes. owner is the one of seat_new(). None
 * may call the cluster. */
struct cluster_handlers {
    /* The seat's client is to be told. */
    void (*deliver)(void *owner, const struct signal_message *message, void *arg);
    /* The same, of what is JSON already. */
    void (*pass)(void *owner, struct span text, void *arg);
    /* The seat is outside now, and its client should come again. */
    void (*expel)(void *owner, const char *why, void *arg);
    void *arg;
};

/* What is to be done in Redis. None may call the cluster. */
struct cluster_store {
    /* To that server's channel, head and text as one. */
    void (*publish)(const uint8_t *server, struct span head, struct span text, void *arg);
    /* Who is home of each of count rooms (ids, one behind the other)? We are,
     * where Redis knows nobody who is alive. To be answered by
     * cluster_on_claimed(), in the order of the calls. */
    void (*claim)(const uint8_t *rooms, size_t count, void *arg);
    /* A room of ours needs no home any more. */
    void (*release)(const uint8_t *room, void *arg);
    /* Renew our lease; which of these servers have none? To be answered by
     * cluster_on_beat(). */
    void (*beat)(const uint8_t *servers, size_t count, void *arg);
    void *arg;
};

/* How it is. */
enum cluster_state {
    CLUSTER_AWAY,  /* no Redis: an island */
    CLUSTER_GRACE, /* no Redis since a moment ago */
    CLUSTER_UP
};

struct cluster_stats {
    enum cluster_state state;
    size_t rooms;       /* whose home is here */
    size_t lodgers;     /* in them, from other servers */
    size_t servers;     /* others that we have to do with */
    size_t seats;       /* that are in a room, or about to enter */
    uint64_t published; /* envelopes */
    uint64_t received;
    uint64_t losses;  /* times that envelopes were lost */
    uint64_t moves;   /* rooms of members here that got another home */
    uint64_t away_us; /* without Redis, in all */
};

/* members_max: of a room, as of rooms_new(). The two tables are copied. Redis
 * is away until cluster_on_up(), and seats wait for it for the grace. */
struct cluster *cluster_new(const uint8_t id[CLUSTER_ID_LEN], size_t members_max,
                            const struct cluster_handlers *handlers,
                            const struct cluster_store *store, uint64_t now_us);

/* Every seat must have been freed. Says goodbye to the other servers. NULL is
 * allowed. */
void cluster_free(struct cluster *cluster, uint64_t now_us);

void cluster_stats(const struct cluster *cluster, uint64_t now_us, struct cluster_stats *out);

/* ---- seats ---- */

struct seat *seat_new(struct cluster *cluster, void *owner);
void seat_free(struct seat *seat, uint64_t now_us); /* leaves. NULL is allowed */

/* What the client said: text, which is the message. */
void seat_take(struct seat *seat, struct span text, const struct signal_message *message,
               uint64_t now_us);

/* The same where signal_message_decode() returned error, and found type. */
void seat_take_malformed(struct seat *seat, struct span text, int error, enum signal_type type,
                         uint64_t now_us);

/* Has joined, or is about to. */
bool seat_is_inside(const struct seat *seat);

/* Its client's; "" outside. */
const char *seat_id(const struct seat *seat);

/* Whom its client was told of. */
size_t seat_count_others(const struct seat *seat);

/* ---- from Redis ---- */

/* Its commands are taken again, and what is published to us reaches us. */
void cluster_on_up(struct cluster *cluster, uint64_t now_us);

/* From now on they are not; what was asked for will not be answered. */
void cluster_on_down(struct cluster *cluster, uint64_t now_us);

/* homes: a server's id for each of the rooms. */
void cluster_on_claimed(struct cluster *cluster, const uint8_t *rooms, const uint8_t *homes,
                        size_t count, uint64_t now_us);

/* had_lapsed: our own lease had run out before it was renewed. dead: the ids of
 * those that have none. */
void cluster_on_beat(struct cluster *cluster, bool had_lapsed, const uint8_t *dead, size_t count,
                     uint64_t now_us);

/* What came on our channel. */
void cluster_receive(struct cluster *cluster, struct span bytes, uint64_t now_us);

/* When cluster_run() next has something to do: at once, later, TIME_NEVER. To
 * be asked after every other call. */
uint64_t cluster_deadline_us(const struct cluster *cluster);
void cluster_run(struct cluster *cluster, uint64_t now_us);

#endif
