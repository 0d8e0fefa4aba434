/*
 * What the files that make up a conn share, and what listener.c needs of them:
 *
 *   conn.c        its life: connecting, and who is told when
 *   conn_close.c  the end that its owner wants, gone on with in the background
 *   conn_read.c   what comes in, decrypted where there is TLS
 *   conn_write.c  the queue out, and our FIN behind it
 *   conn_state.c  what all of them may do to it
 *
 * Each calls those below it.
 */
#ifndef NET_CONN_INTERNAL_H
#define NET_CONN_INTERNAL_H

#include "base/chain.h"
#include "base/clock.h"
#include "net/conn.h"

enum conn_state {
    CONN_DIALLING,    /* no descriptor yet */
    CONN_HANDSHAKING, /* of TLS */
    CONN_OPEN,
    CONN_GONE, /* on_close came, or no one is left to tell; no descriptor */
};

struct conn {
    struct loop *loop;
    const struct conn_handlers *handlers;
    void *arg;
    struct fd_watch *watch;
    struct chain out;                /* what the kernel has not taken */
    struct dial *dial;               /* or, by way of a proxy, */
    struct egress_dial *egress_dial; /* this */
    struct tls_session *tls;
    void (*settle)(void *arg); /* conn_settle() of conn.c */
    struct timer *timer;       /* of connecting, of what is not acknowledged, of the end */
    uint64_t taken_at_us;      /* of breaking: when the peer last took something, */
    size_t untaken;            /* and what was left then */
    size_t drain_mark;         /* of out */
    int fd;
    int error; /* found under a call of the owner, to be told by conn_settle() */
    enum conn_state state;
    bool is_reading : 1;
    bool reads_fully : 1;
    bool reads_little : 1;
    bool was_read_full : 1; /* the last one */
    bool has_peer_ended : 1;
    bool wants_end : 1; /* FIN behind the queue */
    bool has_ended : 1; /* FIN is out */
    bool has_written : 1;
    bool is_above_mark : 1; /* on_drain is owed */
    bool is_hung_up : 1;    /* both FINs: epoll would report it for ever */
    bool is_settling : 1;
    bool is_detached : 1;
    bool is_breaking : 1;      /* detached, to end in a reset */
    bool is_abortive : 1;      /* as its owner wants it */
    bool resets_at_exit : 1;   /* as the kernel has it */
    bool is_awaiting_acks : 1; /* the timer runs for it */
    bool leaves_liveness : 1;  /* and never will */
};

/* A connection without handlers, open, or with TLS about to be; the descriptor
 * (non-blocking) is the conn's, and so is the session. */
struct conn *conn_new_accepted(struct loop *loop, int fd, struct tls_session *tls);
bool conn_has_handlers(const struct conn *conn);
bool conn_is_detached(const struct conn *conn);

/* conn_state.c */

/* Of a conn that was given none, or has been closed. */
extern const struct conn_handlers conn_no_handlers;

/* Tells the owner, and is gone; a detached one is dropped. */
void conn_fail(struct conn *conn, int error, const char *text);
/* For an errno of a call on the socket. */
void conn_fail_errno(struct conn *conn, int number);
/* The same under a call of the owner: told by conn_settle(). */
void conn_fail_later(struct conn *conn, int error);

/* Something is to be told in a later turn. */
void conn_settle_later(struct conn *conn);

/* TLS is up, or there is none. */
void conn_open(struct conn *conn);

/* Waits for what the state asks for. */
void conn_update_watch(struct conn *conn);

bool conn_has_ended_both(const struct conn *conn);

/* For the timer: the time of connecting or of lingering is over. */
void conn_on_timeout(void *arg);

/* Something was written: sees to it that a peer that is gone is noticed. */
void conn_await_acks(struct conn *conn);

bool conn_wants_read(const struct conn *conn);

/* Closing the socket, or the end of the process, sends a reset. */
void conn_make_reset(struct conn *conn, bool resets);
/* The queue, or what makes the end of the process a reset, has changed. */
void conn_update_linger(struct conn *conn);
/* The end of a connection that nobody owns any more. */
void conn_drop(struct conn *conn);

/* conn_read.c */
/* Reads until the kernel has no more, at most `reads` times. */
void conn_read(struct conn *conn, int reads);
/* Reads what is its part of a turn: one fast sender must not starve others. */
void conn_read_turn(struct conn *conn);
/* Hands out what TLS can decrypt, a buffer at a time for as long as the owner
 * reads. What stays behind is in the session. */
void conn_pull_plaintext(struct conn *conn);

/* conn_write.c */
/* Gives the queue to the kernel. Calls no handler. */
void conn_flush(struct conn *conn);
void conn_check_drain(struct conn *conn);
/* Moves what TLS wants to send to the queue. */
void conn_take_ciphertext(struct conn *conn);

#define CONN_LINGER_WRITE_US (5 * US_PER_S) /* without progress of the queue */
#define CONN_LINGER_READ_US  (2 * US_PER_S) /* for the peer's FIN behind ours */

#endif
