/*
 * What all workers of a signal server, and their parent, see of each other:
 * figures in memory that they share, each written by one of them. No lock: a
 * process that is killed leaves nothing half done but its own figures, and the
 * parent clears those.
 */
#ifndef SIGNAL_WORKER_BOARD_H
#define SIGNAL_WORKER_BOARD_H

#include <stdbool.h>

#include "signal/server.h"

struct worker_board;

/* NULL where the system gives no memory. Each process that is forked has the
 * same; the kernel frees it with the last of them. */
struct worker_board *worker_board_new(int count);
void worker_board_free(struct worker_board *board); /* NULL is allowed */

/* The next number of a socket. */
unsigned worker_board_number(struct worker_board *board);

/* Counts a socket that a worker has accepted. False: there are sockets_max of
 * all already, and it is not counted. */
bool worker_board_admit(struct worker_board *board, int worker, size_t sockets_max);

/* The same without a limit, and the reverse. */
void worker_board_count(struct worker_board *board, int worker);
void worker_board_uncount(struct worker_board *board, int worker);

/* A worker's own figures: all but the count of sockets, which is here. */
void worker_board_write(struct worker_board *board, int worker,
                        const struct signal_server_stats *stats);

/* Of all; those that only grow with what the dead have left. */
void worker_board_sum(const struct worker_board *board, struct signal_server_stats *out);

/* How often a worker has died. */
unsigned worker_board_lives(const struct worker_board *board, int worker);

/* For the parent: it has died. */
void worker_board_bury(struct worker_board *board, int worker);

#endif
