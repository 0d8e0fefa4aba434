/*
 * Two ends of a connection on one loop.
 */
#ifndef TESTS_NET_PAIR_H
#define TESTS_NET_PAIR_H

#include "net/net_testing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct pair {
    struct loop *loop;
    struct listener *listener;
    struct end server;
    struct end client;
    bool has_server;
    bool is_connected;
};

static inline void pair_on_accept(struct conn *conn, void *arg)
{
    struct pair *pair = arg;
    assert_null(pair->server.conn);
    pair->server.conn = conn;
    conn_set_handlers(conn, &end_handlers, &pair->server);
    pair->has_server = true;
}

static inline void pair_listen(struct pair *pair)
{
    *pair = (struct pair){.loop = loop_new()};
    end_init(&pair->server, pair->loop);
    end_init(&pair->client, pair->loop);
    assert_int_equal(listener_new(pair->loop, "127.0.0.1", 0, pair_on_accept, pair,
                                  &pair->listener),
                     0);
    assert_int_not_equal(listener_port(pair->listener), 0);
}

static inline void pair_connect(struct pair *pair)
{
    pair_listen(pair);
    pair->client.conn = conn_connect(pair->loop, "127.0.0.1", listener_port(pair->listener), NULL,
                                     TEST_PATIENCE_US, &end_handlers, &pair->client);
    run_until(pair->loop, &pair->client.is_open);
    run_until(pair->loop, &pair->has_server);
}

static inline void pair_free(struct pair *pair)
{
    end_deinit(&pair->server);
    end_deinit(&pair->client);
    listener_close(pair->listener);
    loop_free(pair->loop);
}

/* The client of a pair as a bare blocking socket. */
static inline int pair_connect_bare(struct pair *pair)
{
    pair_listen(pair);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(listener_port(pair->listener)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    run_until(pair->loop, &pair->has_server);
    return fd;
}

#endif
