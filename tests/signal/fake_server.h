/*
 * What is no signal server, or a strange one.
 */
#ifndef TESTS_SIGNAL_FAKE_SERVER_H
#define TESTS_SIGNAL_FAKE_SERVER_H

#include "net/net_testing.h"

#define ACCEPTS                                                                         \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Accept: %s\r\n\r\n"

/* A server that answers every request by the same bytes. */
struct fake {
    struct loop *loop;
    struct listener *listener;
    struct conn *conn;
    const char *answer; /* NULL: none. "%s": the accept key */
    size_t repeat;      /* times that the answer is sent */
    bool ends;          /* behind it */
    struct buf request;
    bool has_request;
    char url[64];
};

void fake_start(struct fake *f, struct loop *loop, const char *answer);
void fake_stop(struct fake *f);

#endif
