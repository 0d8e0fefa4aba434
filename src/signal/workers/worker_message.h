/*
 * What the workers of a signal server say to each other (signal/workers/
 * worker_link.h): letters between processes of one program on one machine,
 * which nobody else reads or writes. Pure.
 *
 *   WORKER_SOCKET  here is a socket, with its join, for you to serve it
 *   WORKER_GONE    a socket that you have sent here has ended
 *   WORKER_CLAIM   a socket that who had your place accepted is served here:
 *                  that one is dead, and the socket is yours to count
 */
#ifndef SIGNAL_WORKER_MESSAGE_H
#define SIGNAL_WORKER_MESSAGE_H

#include <stdint.h>

#include "base/span.h"
#include "net/mailbox.h"
#include "net/resolve.h"

enum {
    WORKERS_MAX = 64,
    /* Of what came behind a join; more is left to a pump. A client waits for
     * the answer to its join before it says more. */
    WORKER_REST_MAX = 16 << 10,
    WORKER_JOIN_MAX = 4 << 10, /* room and key, with JSON's escapes */
    WORKER_MESSAGE_MAX = MAILBOX_LETTER_MAX
};

enum worker_message_type { WORKER_SOCKET, WORKER_GONE, WORKER_CLAIM, WORKER_MESSAGE_TYPES };

struct worker_message {
    enum worker_message_type type;
    uint8_t from;              /* the worker that says it */
    uint8_t owner;             /* that accepted the socket, and counts it */
    uint32_t number;           /* the socket's, of all workers */
    uint32_t lives;            /* how often the receiver had died when this was sent */
    uint32_t own_lives;        /* and how often the sender had */
    uint64_t bucket_filled_at; /* of its messages (base/bucket.h); clocks are the machine's */
    struct address address;    /* from which it comes; without a port */
    struct span join;          /* JSON; of a WORKER_SOCKET, as is */
    struct span rest;          /* came behind it */
};

/* The count of bytes in out. join and rest are as short as they must be. */
size_t worker_message_encode(const struct worker_message *message, uint8_t out[WORKER_MESSAGE_MAX]);

/* 0, or -EBADMSG. join and rest point into the letter. */
int worker_message_decode(struct span letter, struct worker_message *out);

#endif
