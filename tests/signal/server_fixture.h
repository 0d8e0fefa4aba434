/*
 * A signal server and three visitors, for its tests; and bare sockets, which
 * do as little as a test wants.
 */
#ifndef TESTS_SIGNAL_SERVER_FIXTURE_H
#define TESTS_SIGNAL_SERVER_FIXTURE_H

#include "signal/visitor.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/log.h"
#include "signal/server.h"

#define GOOD_FIELDS                                                        \
    "Host: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

struct fixture {
    struct loop *loop;
    struct signal_server_config config;
    struct signal_server *server;
    uint16_t port;
    struct visitor a, b, c;
    char a_id[64], b_id[64];
};

/* config is changed before start(). */
static inline struct fixture *fixture_new(void)
{
    log_configure(LOG_ERROR, LOG_TEXT);
    struct fixture *f = calloc(1, sizeof *f);
    f->loop = loop_new();
    signal_server_config_init(&f->config);
    f->config.host = "127.0.0.1";
    f->config.port = 0;
    return f;
}

static inline void start(struct fixture *f)
{
    assert_int_equal(signal_server_new(f->loop, &f->config, &f->server), 0);
    f->port = signal_server_port(f->server);
}

static inline void fixture_free(struct fixture *f)
{
    visitor_free(&f->a);
    visitor_free(&f->b);
    visitor_free(&f->c);
    signal_server_close(f->server);
    loop_free(f->loop);
    free(f);
}

/* a and b in one room. */
static inline void start_pair(struct fixture *f)
{
    start(f);
    visitor_open(&f->a, f->loop, f->port);
    visitor_open(&f->b, f->loop, f->port);
    visitor_join(&f->a, "r", 0, f->a_id);
    visitor_join(&f->b, "r", 1, f->b_id);
    visitor_expect(&f->a, "peer-joined");
}

static inline void check_works(struct visitor *from, struct visitor *to)
{
    visitor_send(from, "{\"type\":\"offer\",\"sdp\":\"works\"}");
    visitor_expect(to, "\"sdp\":\"works\"");
}

/* A plain blocking socket that does as little as the test wants. */
static inline int open_bare(struct fixture *f, int receive_buffer)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(f->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    const char *request = "GET / HTTP/1.1\r\n" GOOD_FIELDS "\r\n";
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    uint64_t begin_us = clock_now_us();
    char answer;
    while (recv(fd, &answer, 1, MSG_PEEK | MSG_DONTWAIT) != 1) {
        run_for(f->loop, 100);
        assert_true(clock_now_us() - begin_us < TEST_PATIENCE_US);
    }
    return fd;
}

static inline void send_bare(int fd, const char *text)
{
    size_t len = strlen(text);
    assert_in_range(len, 1, 125);
    uint8_t frame[131] = {0x81, (uint8_t)(0x80 | len)}; /* the mask is 0 */
    memcpy(frame + 6, text, len);
    assert_int_equal(write(fd, frame, len + 6), len + 6);
}

#endif
