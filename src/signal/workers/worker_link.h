/*
 * A worker's part in a signal server that has several: what it says to the
 * others and hears of them, and the count of the sockets that it has accepted,
 * wherever they are.
 *
 *   accepted here ──worker_link_lend()──► with another ──WORKER_GONE──► ended
 *        ▲                                     │
 *        └──────── worker_link_take_back() ◄───┘
 *
 * A worker that dies takes with it what it served and what stands behind a pump
 * of it. What it had accepted and others serve stays, and is claimed for who
 * takes its place; what others had lent it is gone.
 */
#ifndef SIGNAL_WORKER_LINK_H
#define SIGNAL_WORKER_LINK_H

#include "signal/source.h"
#include "signal/workers/worker_message.h"
#include "signal/workers/workers.h"

struct worker_link;

struct worker_link_handlers {
    /* A WORKER_SOCKET. fd is the callee's; -1: it has got lost on the way, here
     * nothing could be opened for it. */
    void (*on_socket)(const struct worker_message *message, int fd, void *arg);
    /* A worker has died: what it accepted and is served here is to be
     * claimed. */
    void (*on_death)(int worker, void *arg);
};

/* The sources are those of the sockets that are accepted here. */
struct worker_link *worker_link_new(struct loop *loop, const struct worker *worker,
                                    struct sources *sources,
                                    const struct worker_link_handlers *handlers, void *arg);

/* What is lent is forgotten. NULL is allowed. */
void worker_link_free(struct worker_link *link);

/* The worker that this one is; the board of all. */
int worker_link_index(const struct worker_link *link);
struct worker_board *worker_link_board(const struct worker_link *link);

/* The worker in which a room lives. */
int worker_link_find(const struct worker_link *link, const char *room);

/* So much waits for that one that no more sockets should be sent. */
bool worker_link_is_full(const struct worker_link *link, int to);

/* Fills in from and both lives. fd: -1, or that of a WORKER_SOCKET. */
void worker_link_send(struct worker_link *link, int to, struct worker_message *message, int fd);

/* A socket that was accepted here goes to another worker. */
void worker_link_lend(struct worker_link *link, unsigned number, struct source *source, int to);

/* It is back. Its source; or NULL: nobody here knows of it. */
struct source *worker_link_take_back(struct worker_link *link, unsigned number);

/* Whether the sender of a message that has just come, or who was to get it, has
 * died since it was sent: then nobody has lent this process the socket. */
bool worker_link_is_late(const struct worker_link *link, const struct worker_message *message);

/* Looks whether a worker has died. To be called in each turn. */
void worker_link_look(struct worker_link *link);

#endif
