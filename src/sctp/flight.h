/*
 * What was sent and is not yet cumulatively acknowledged: one record a TSN,
 * in a ring by TSN. Each record is in flight, lost (to be sent again), acked
 * (by a gap block; the peer could still take that back) or abandoned.
 *
 *              ┌──── lost ◄───┐
 *     send ──► in flight ─────┴──► acked ──► gone (cumulatively acked)
 *                  └──► abandoned ─────────► gone (forwarded over)
 */
#ifndef SCTP_FLIGHT_H
#define SCTP_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sctp_message;

enum chunk_state { CHUNK_IN_FLIGHT, CHUNK_LOST, CHUNK_ACKED, CHUNK_ABANDONED };

/* Bounds the ring at about 7 MiB; also, offsets in a SACK have 16 bits. */
enum { FLIGHT_MAX_CHUNKS = 1 << 16, FLIGHT_FIRST_CHUNKS = 8 };

/* The state of the connection when a chunk was sent, to learn the delivery
 * rate from when it arrives. */
struct rate_mark {
    uint64_t delivered;
    uint64_t delivered_us;
    uint64_t first_sent_us;
    uint64_t lost;
    uint32_t in_flight; /* this chunk included */
    bool is_app_limited;
};

struct sent_chunk {
    struct sctp_message *message;
    uint64_t newer; /* neighbours in the list by time, as TSNs; 0: none */
    uint64_t older;
    uint64_t sent_us;
    struct rate_mark mark;
    uint32_t offset; /* of the payload in the message */
    uint32_t fsn;
    uint16_t len;  /* payload */
    uint16_t wire; /* chunk header and padding included: counts as in flight */
    uint16_t transmissions;
    uint8_t state;
    uint8_t flags; /* begin, end */
};

/* Ends of a list that is linked by TSN. */
struct chunk_list {
    uint64_t oldest;
    uint64_t newest;
};

struct flight {
    struct sent_chunk *ring;
    size_t cap;                /* a power of two, or 0 */
    uint64_t *acked;           /* a bit a record, to compare with gap blocks quickly */
    uint64_t first;            /* lowest TSN that is not cumulatively acked */
    uint64_t next;             /* TSN of the next new chunk */
    struct chunk_list by_time; /* in flight, least recently sent first */
    struct chunk_list lost;    /* in the order of their loss */
    size_t bytes;              /* in flight, as `wire` */
    size_t payload;            /* in flight, user data: what the peer's window counts */
};

void flight_init(struct flight *f, uint64_t first_tsn);
void flight_deinit(struct flight *f);
size_t flight_memory(const struct flight *f);

static inline struct sent_chunk *flight_at(const struct flight *f, uint64_t tsn)
{
    return &f->ring[tsn & (f->cap - 1)];
}

static inline bool flight_is_empty(const struct flight *f)
{
    return f->first == f->next;
}

static inline bool flight_has_lost(const struct flight *f)
{
    return f->lost.oldest != 0;
}

/* Which lost chunk goes first: the one that holds up all others, if it is
 * lost, since a receiver short of memory may take in no other. */
static inline uint64_t flight_next_lost(const struct flight *f)
{
    if (f->lost.oldest == 0 || flight_at(f, f->first)->state == CHUNK_LOST)
        return f->lost.oldest == 0 ? 0 : f->first;
    return f->lost.oldest;
}

static inline bool flight_is_full(const struct flight *f)
{
    return f->next - f->first >= FLIGHT_MAX_CHUNKS;
}

/* A zeroed record for the next TSN, not in flight before flight_sent(). */
struct sent_chunk *flight_push(struct flight *f, uint64_t *tsn);

/* It goes out now, for the first time or (from lost, or as a probe from in
 * flight) again. */
void flight_sent(struct flight *f, uint64_t tsn, uint64_t now_us);

void flight_lose(struct flight *f, uint64_t tsn);
void flight_ack(struct flight *f, uint64_t tsn);
void flight_unack(struct flight *f, uint64_t tsn); /* reneged: becomes lost */
void flight_abandon(struct flight *f, uint64_t tsn);

/* Gives the memory back while nothing is in flight. */
void flight_trim(struct flight *f);

/* Forgets the first record, which must be acked or abandoned. */
void flight_pop(struct flight *f);

/* Of the words of acked, which is twice as many bits as records, and two words
 * at least: the ring begins anywhere in its first. */
static inline size_t flight_acked_mask(const struct flight *f)
{
    return ((f->cap - 1) / 32) | 1;
}

/* Bits of the TSNs of one aligned run of 64 that are acked. */
static inline uint64_t *flight_acked_word(const struct flight *f, uint64_t tsn)
{
    return &f->acked[(tsn >> 6) & flight_acked_mask(f)];
}

#endif
