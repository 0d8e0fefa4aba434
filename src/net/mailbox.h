/*
 * Letters between the processes of one program: datagrams of a pair of Unix
 * sockets, some with a descriptor (SCM_RIGHTS, unix(7)). One process takes them
 * out, all put them in, and all that one puts in come in that order. What waits
 * in the kernel outlives the process that was to take it.
 */
#ifndef NET_MAILBOX_H
#define NET_MAILBOX_H

#include <stdbool.h>

#include "base/span.h"
#include "net/loop.h"

enum {
    MAILBOX_LETTER_MAX = 32 << 10, /* bytes; at least one */
    MAILBOX_QUEUE_MAX = 1024       /* letters that wait for the kernel, after which it is full */
};

/* The two ends of one, to be closed. */
struct mailbox {
    int taking;
    int putting;
};

/* 0, or a negative errno of socketpair(2). */
int mailbox_open(struct mailbox *out);

/* A letter without a descriptor, for who has no loop. False: it is full. */
bool mailbox_put_now(const struct mailbox *mailbox, struct span letter);

/* ---- taking ---- */

struct mailbox_reader;

/* fd: -1 where none came, also because there was no room for one; else the
 * callee's. The letter is valid during the call. The end stays the caller's. */
struct mailbox_reader *mailbox_reader_new(struct loop *loop, const struct mailbox *mailbox,
                                          void (*on_letter)(struct span letter, int fd, void *arg),
                                          void *arg);
void mailbox_reader_free(struct mailbox_reader *reader); /* NULL is allowed, as below */

/* ---- putting ---- */

struct mailbox_writer;

struct mailbox_writer *mailbox_writer_new(struct loop *loop, const struct mailbox *mailbox);

/* fd is -1, or the letter's from now on. Waits where the kernel has no room. */
void mailbox_put(struct mailbox_writer *writer, struct span letter, int fd);

/* So many wait that nothing should be put in which need not be. */
bool mailbox_is_full(const struct mailbox_writer *writer);

/* What still waits is lost. */
void mailbox_writer_free(struct mailbox_writer *writer);

#endif
