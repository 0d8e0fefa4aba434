/*
 * A client of the signal server that a test drives by hand: it sends what it
 * is told to, right or wrong, and records what comes back.
 */
#ifndef TESTS_SIGNAL_VISITOR_H
#define TESTS_SIGNAL_VISITOR_H

#include "net/net_testing.h"

#include "net/websocket.h"

struct visitor {
    struct loop *loop;
    struct conn *conn;    /* until the handshake is done */
    struct websocket *ws; /* from then on */
    const char *request;  /* NULL: a good handshake */
    struct buf head;      /* the response, until a 101 */
    int status;
    char protocol[32]; /* Sec-WebSocket-Protocol of the response */
    bool is_open;
    bool is_answered;    /* status is known */
    bool has_ended;      /* the connection, before a 101 */
    struct buf messages; /* not received yet, a line each */
    bool has_message;
    char *message; /* the last received one */
    int message_count;
    int alive_count;
    struct buf datagrams; /* binary messages, one behind the other */
    bool has_datagram;
    bool is_closed;
    int code;
    char reason[128];
};

/* Connects to 127.0.0.1 with a good handshake, or the given request. */
void visitor_connect(struct visitor *v, struct loop *loop, uint16_t port, const char *request);

/* The same, and waits until the WebSocket is open. */
void visitor_open(struct visitor *v, struct loop *loop, uint16_t port);

void visitor_free(struct visitor *v);

void visitor_send(struct visitor *v, const char *text);

/* Waits for the next message and returns it; valid until the next call. */
const char *visitor_receive(struct visitor *v);

/* Waits for the next message and checks that these words are in it. */
void visitor_expect(struct visitor *v, const char *words);

/* Joins; the id goes to id. Expects so many others. */
void visitor_join(struct visitor *v, const char *room, size_t others, char id[64]);

/* From now on binary messages are taken, and recorded. */
void visitor_accept_binary(struct visitor *v);
void visitor_send_binary(struct visitor *v, struct span bytes);

void visitor_expect_close(struct visitor *v, int code);
void visitor_expect_status(struct visitor *v, int status);

#endif
