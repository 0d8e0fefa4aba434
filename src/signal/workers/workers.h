/*
 * What the processes of a signal server that has several share, made by their
 * parent before it forks them: the port that all listen at, a mailbox for each,
 * and the board.
 *
 *              who comes: by address          sockets, by room
 *   clients ─────────────────────► worker 0 ◄───────────────► worker 1 ...
 *                                     │     figures              │
 *                                     └────────► board ◄─────────┘
 *
 * A room lives in one worker (worker_of_room()). All that comes from one
 * address is accepted by the same worker, which holds it to its limits, and
 * sends a socket that joins a room to the worker of that. Listening sockets and
 * mailboxes stay open in the parent: who takes the place of a worker that has
 * died finds what waits for it.
 */
#ifndef SIGNAL_WORKERS_H
#define SIGNAL_WORKERS_H

#include "net/listening.h"
#include "net/mailbox.h"
#include "signal/server.h"
#include "signal/workers/worker_board.h"

struct workers {
    int count;
    uint64_t seed; /* of worker_of_room() */
    struct worker_board *board;
    struct mailbox *mailboxes; /* of each, as the next */
    struct listening *listening;
};

/* A worker, in the words of its signal_server_config. */
struct worker {
    struct workers *workers;
    int index;
};

/* For so many, 2 to WORKERS_MAX, at the host and port of the config. 0, the
 * errors of listening_open_shared(), or what the system refuses. */
int workers_new(int count, const struct signal_server_config *config, struct workers **out);
void workers_free(struct workers *workers); /* NULL is allowed */

uint16_t workers_port(const struct workers *workers);

/* For a worker, once it is a process of its own: closes what is another's. */
void workers_keep_own(struct workers *workers, int index);

/* What is open for a worker to listen at. */
struct listening *worker_listening(const struct worker *worker);

/* For the parent: one has died, and the others are to know. */
void workers_bury(struct workers *workers, int index);

/* Where a room lives, of so many. Pure. */
int worker_of_room(uint64_t seed, struct span room, int count);

#endif
