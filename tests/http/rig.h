/*
 * A loop that runs until something is true, and raw TCP peers on it whose
 * every byte a test decides. Whatever happens stops the loop, so that the
 * condition is looked at again; a watchdog fails the test when it never holds.
 */
#ifndef TESTS_HTTP_RIG_H
#define TESTS_HTTP_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/conn.h"

struct rig {
    struct loop *loop;
    struct timer *watchdog;
};

extern struct rig rig;

void rig_start(void);
void rig_stop(void);

/* Something happened. */
void rig_poke(void);

/* Turns the loop until the condition holds. */
#define RIG_WAIT(condition)     \
    do {                        \
        rig_watch(#condition);  \
        while (!(condition))    \
            loop_run(rig.loop); \
    } while (0)

/* Lets a few turns pass in which nothing is to happen. */
void rig_turns(int count);

void rig_watch(const char *what);

struct peer {
    struct conn *conn;
    struct buf in;
    bool is_open;
    bool has_ended; /* FIN came */
    bool is_closed;
    int error;
};

void peer_connect(struct peer *peer, uint16_t port);
void peer_adopt(struct peer *peer, struct conn *conn);
void peer_send(struct peer *peer, const char *text);
void peer_send_span(struct peer *peer, struct span bytes);
void peer_reset(struct peer *peer);
void peer_close(struct peer *peer); /* also after the end of it */

/* What came contains the text. */
bool peer_has(const struct peer *peer, const char *text);
size_t peer_count(const struct peer *peer, const char *text);
void peer_clear(struct peer *peer);

/* The other end's kernel has acknowledged all that was sent. */
bool peer_is_acknowledged(const struct peer *peer);

#endif
