/*
 * What servers of a cluster say to each other (signal/cluster/cluster.h): a
 * head of fixed length, and what the kind has behind it. Numbers are
 * big-endian.
 *
 *   0        1        2                       18              22       30
 *  +--------+--------+-----------------------+---------------+--------+
 *  |version |  kind  |  from: the sender's id|     epoch     |  seq   |
 *  +--------+--------+-----------------------+---------------+--------+
 *  |  room: the hash of its name             |  seat: number at the   |
 *  |  46                                     |  server whose it is  54|
 *  +-----------------------------------------+------------------------+
 *  |  ENTER: age, 8 · flags, 1 · id, 36 · key, 16
 *  |  SAID, TELL, PASS: a message of signalling, as JSON
 *
 * Pub/sub keeps the order of one sender, and loses what it cannot deliver: seq
 * counts from 1 what the sender has sent to this receiver, and begins anew with
 * a higher epoch where it had forgotten the receiver.
 */
#ifndef SIGNAL_ENVELOPE_H
#define SIGNAL_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/uuid.h"
#include "signal/message.h"

enum { ENVELOPE_ID_LEN = 16, ENVELOPE_HEAD_LEN = 54, ENVELOPE_FIXED_MAX = ENVELOPE_HEAD_LEN + 61 };

enum envelope_kind {
    /* to a room's home */
    ENVELOPE_ENTER = 1, /* the seat would be in that room, or is, and says it again */
    ENVELOPE_SAID,      /* its client has said that */
    ENVELOPE_LEAVE,     /* it has gone */
    ENVELOPE_BEGIN,     /* all seats of the sender in rooms of the receiver follow as ENTER, */
    ENVELOPE_END,       /* and those were all */
    /* from it */
    ENVELOPE_TELL, /* to the seat, and so its client */
    ENVELOPE_PASS, /* the same, from another member: to be passed on as it is */
    ENVELOPE_OUT,  /* another one has the seat's place in the room */
    ENVELOPE_GONE, /* the room has its home elsewhere */
    ENVELOPE_ASK,  /* BEGIN, ENTER, END, please */
    /* both ways */
    ENVELOPE_COUNT, /* with each beat: so many have come before; is not counted itself */
    ENVELOPE_BYE    /* the sender ends */
};

struct envelope {
    enum envelope_kind kind;
    const uint8_t *from; /* ENVELOPE_ID_LEN bytes, as is room; both borrowed */
    uint32_t epoch;
    uint64_t seq;
    const uint8_t *room; /* NULL to encode: of none */
    uint64_t seat;
    uint64_t age_us;              /* ENTER: of its client's join */
    bool is_first;                /* ENTER: nobody knows the id yet */
    bool has_key;                 /* ENTER */
    enum signal_job job;          /* ENTER */
    char id[UUID_TEXT_LEN + 1];   /* ENTER: the member's, a UUID */
    uint8_t key[ENVELOPE_ID_LEN]; /* ENTER: the hash of its join's key */
    struct span text;             /* SAID, TELL, PASS; borrowed */
};

/* The bytes in front of text, which follows as it is; returns the length. */
size_t envelope_encode(const struct envelope *envelope, uint8_t out[ENVELOPE_FIXED_MAX]);

/* Borrows from bytes. False: none of this version. */
bool envelope_decode(struct span bytes, struct envelope *out);

#endif
