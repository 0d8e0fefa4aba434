/*
 * One visit of a signal client, which records what it is told.
 */
#ifndef TESTS_SIGNAL_VISIT_H
#define TESTS_SIGNAL_VISIT_H

#include "net/net_testing.h"

#include "signal/client.h"

struct visit {
    struct loop *loop;
    struct signal_client *client;
    bool is_open;
    struct buf messages; /* "type peer-id content\n" each */
    bool has_message;
    char slow[512]; /* what was told of a slow server */
    bool is_closed;
    char text[512];
    bool closes_in_callback;
};

void visit_begin(struct visit *v, struct loop *loop, const char *url, const struct tls_client *tls,
                 const char *room);
void visit_end(struct visit *v);

/* Until messages have come, which are those lines. */
void visit_expect(struct visit *v, const char *lines);

/* Until it is closed, with a text that has those words. */
void visit_expect_close(struct visit *v, const char *words);

#endif
