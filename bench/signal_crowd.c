/*
 * A crowd for a signal server: pairs in rooms of their own, which say nothing
 * but the answers to pings, and come back when they are told to.
 *
 *   bench_signal_crowd HOST PORT SOCKETS FIRST SPREAD
 *
 * Two hundred come from one address of the loopback, numbered from FIRST on.
 * Each answers pings after a time of its own, up to SPREAD ms, as clients do
 * that are far away.
 * Prints "ready" once all have joined. Then, for each line "SECONDS" on stdin:
 * every other one is closed at once, and all come back with their keys within
 * that time, those that are closed and those whose old connection still stands,
 * as after a change of their address. Prints
 * "back=N resumed=N dropped=N slowest_ms=N".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "signal_frames.h"

enum {
    EVENTS = 4096,
    READ_LEN = 64 << 10,
    PER_SOURCE = 200,
    UNDER_WAY_MAX = 128, /* as long as nobody storms */
    PATIENCE_S = 20,     /* after which one counts as dropped */
    TICKS = 1024         /* milliseconds by which answers are put off */
};

enum state { AWAY, CONNECTING, SHAKING, JOINING, IDLE, DROPPED };

struct member {
    int fd;
    int old_fd; /* that it had before; -1: none */
    unsigned number;
    enum state state;
    struct frames frames;
    uint64_t start_at_us; /* when it is to come, or came */
    struct member *next;  /* of those that answer in the same tick */
};

struct crowd {
    struct sockaddr_in server;
    struct member *members;
    unsigned count, first;
    int poll;
    unsigned under_way, back, resumed, dropped;
    uint64_t slowest_us;
    unsigned spread;
    uint64_t tick; /* up to which all have answered */
    unsigned owed;
    struct member *answers[TICKS];
};

static void fail(const char *what)
{
    fprintf(stderr, "bench_signal_crowd: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- one of them ---- */

static void settle(struct crowd *crowd, struct member *m, enum state state)
{
    uint64_t took_us = clock_now_us() - m->start_at_us;
    crowd->under_way--;
    crowd->back += state == IDLE;
    crowd->dropped += state == DROPPED;
    if (state == IDLE && took_us > crowd->slowest_us)
        crowd->slowest_us = took_us;
    if (m->old_fd >= 0)
        close(m->old_fd);
    m->old_fd = -1;
    m->state = state;
}

static void drop(struct crowd *crowd, struct member *m, const char *why)
{
    fprintf(stderr, "bench_signal_crowd: socket %u: %s\n", m->number, why);
    if (m->state == IDLE)
        fail("the server has ended a connection that stood");
    close(m->fd);
    m->fd = -1;
    settle(crowd, m, DROPPED);
}

static void start(struct crowd *crowd, struct member *m)
{
    unsigned source = crowd->first + m->number / PER_SOURCE;
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = m};
    from.sin_addr.s_addr = htonl(0x7f010001 + source);
    m->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (m->fd < 0)
        fail("socket");
    setsockopt(m->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    setsockopt(m->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    if (bind(m->fd, (struct sockaddr *)&from, sizeof from) < 0)
        fail("bind");
    if (connect(m->fd, (struct sockaddr *)&crowd->server, sizeof crowd->server) < 0 &&
        errno != EINPROGRESS)
        fail("connect");
    m->frames = (struct frames){0};
    m->state = CONNECTING;
    m->start_at_us = clock_now_us();
    crowd->under_way++;
    epoll_ctl(crowd->poll, EPOLL_CTL_ADD, m->fd, &event);
}

static void send_all(struct member *m, struct span bytes)
{
    if (send(m->fd, bytes.data, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
        fail("send");
}

static void on_connected(struct crowd *crowd, struct member *m)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = m};
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(m->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        drop(crowd, m, strerror(error));
        return;
    }
    send_all(m, SPAN_LITERAL(request));
    m->state = SHAKING;
    epoll_ctl(crowd->poll, EPOLL_CTL_MOD, m->fd, &event);
}

static void on_shaken(struct crowd *crowd, struct member *m, struct span bytes)
{
    char text[160];
    struct buf frame;
    if (bytes.len < 12 || memcmp(bytes.data, "HTTP/1.1 101", 12) != 0) {
        drop(crowd, m, "the handshake was refused");
        return;
    }
    snprintf(text, sizeof text, "{\"type\":\"join\",\"room\":\"crowd %u %u\",\"key\":\"key %u\"}",
             crowd->first, m->number / 2, m->number);
    buf_init(&frame, sizeof text + FRAMES_HEAD_MAX);
    frames_put_text(&frame, text);
    send_all(m, buf_bytes(&frame));
    buf_deinit(&frame);
    m->state = JOINING;
}

static void on_joined(struct crowd *crowd, struct member *m, struct span bytes)
{
    static const char joined[] = "\"type\":\"joined\"", resumed[] = "\"resumed\":true";
    if (!memmem(bytes.data, bytes.len, joined, sizeof joined - 1)) {
        drop(crowd, m, "the join was refused");
        return;
    }
    crowd->resumed += memmem(bytes.data, bytes.len, resumed, sizeof resumed - 1) != NULL;
    settle(crowd, m, IDLE);
}

static void pong(struct member *m)
{
    static const uint8_t frame[] = {0x8a, 0x80, 0, 0, 0, 0};
    for (; m->frames.pings > 0; m->frames.pings--)
        send_all(m, span_of(frame, sizeof frame));
}

static void pong_later(struct crowd *crowd, struct member *m)
{
    uint64_t tick = clock_now_us() / US_PER_MS + 1 + m->number * 7919ULL % crowd->spread;
    if (crowd->owed++ == 0)
        crowd->tick = clock_now_us() / US_PER_MS;
    m->next = crowd->answers[tick % TICKS];
    crowd->answers[tick % TICKS] = m;
}

static void pong_due(struct crowd *crowd)
{
    uint64_t now = clock_now_us() / US_PER_MS;
    while (crowd->owed > 0 && crowd->tick < now) {
        struct member **first = &crowd->answers[++crowd->tick % TICKS];
        for (struct member *m = *first; m; m = m->next, crowd->owed--)
            pong(m);
        *first = NULL;
    }
}

static void on_bytes(struct crowd *crowd, struct member *m)
{
    static uint8_t room[READ_LEN];
    ssize_t len = recv(m->fd, room, sizeof room, MSG_DONTWAIT);
    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0) {
        drop(crowd, m, "the server has ended the connection");
        return;
    }
    struct span bytes = span_of(room, (size_t)len);
    if (m->state == SHAKING) {
        on_shaken(crowd, m, bytes);
        return;
    }
    if (frames_take(&m->frames, bytes) > 0 && m->state == JOINING)
        on_joined(crowd, m, bytes);
    if (m->frames.pings == 0)
        return;
    if (crowd->spread > 0)
        pong_later(crowd, m);
    else
        pong(m);
}

/* ---- all ---- */

static void turn(struct crowd *crowd, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(crowd->poll, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++) {
        struct member *m = events[i].data.ptr;
        if (m->state == CONNECTING)
            on_connected(crowd, m);
        else if (m->fd >= 0)
            on_bytes(crowd, m);
    }
}

static void gather(struct crowd *crowd)
{
    unsigned next = 0;
    while (crowd->back + crowd->dropped < crowd->count) {
        for (; next < crowd->count && crowd->under_way < UNDER_WAY_MAX; next++)
            start(crowd, &crowd->members[next]);
        turn(crowd, 1000);
    }
}

/* What of the old connection still comes is nobody's. */
static void go_away(struct crowd *crowd, struct member *m)
{
    epoll_ctl(crowd->poll, EPOLL_CTL_DEL, m->fd, NULL);
    if (m->number % 2)
        m->old_fd = m->fd;
    else
        close(m->fd);
    m->fd = -1;
    m->state = AWAY;
}

static void look_at_waiting(struct crowd *crowd, uint64_t now_us)
{
    for (unsigned i = 0; i < crowd->count; i++) {
        struct member *m = &crowd->members[i];
        if (m->state == AWAY && m->start_at_us <= now_us)
            start(crowd, m);
        else if (m->state != AWAY && m->state < IDLE &&
                 m->start_at_us + PATIENCE_S * US_PER_S < now_us)
            drop(crowd, m, "it waited in vain");
    }
}

static void storm(struct crowd *crowd, uint64_t seconds)
{
    uint64_t begin_us = clock_now_us(), looked_at_us = 0;
    crowd->back = crowd->resumed = crowd->dropped = 0;
    crowd->slowest_us = 0;
    memset(crowd->answers, 0, sizeof crowd->answers);
    crowd->owed = 0;
    for (unsigned i = 0; i < crowd->count; i++) {
        struct member *m = &crowd->members[i];
        go_away(crowd, m);
        /* Spread over the time, partners far from each other. */
        m->start_at_us =
            begin_us + seconds * US_PER_S * (i * 7919ULL % crowd->count) / crowd->count;
    }
    while (crowd->back + crowd->dropped < crowd->count) {
        uint64_t now_us = clock_now_us();
        if (now_us - looked_at_us > 2 * US_PER_MS) {
            look_at_waiting(crowd, now_us);
            looked_at_us = now_us;
        }
        turn(crowd, 2);
    }
    printf("back=%u resumed=%u dropped=%u slowest_ms=%u\n", crowd->back, crowd->resumed,
           crowd->dropped, (unsigned)(crowd->slowest_us / US_PER_MS));
}

/* At rest it looks once a millisecond: else the server would pay for waking it
 * up with each ping, as nobody does for clients on machines of their own. */
static void rest(struct crowd *crowd, struct pollfd *in, nfds_t count)
{
    const struct timespec pause = {.tv_nsec = US_PER_MS * 1000};
    nanosleep(&pause, NULL);
    poll(in, count, crowd->owed > 0 ? 0 : -1);
    pong_due(crowd);
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    char line[32];
    if (argc != 6) {
        fprintf(stderr, "usage: bench_signal_crowd HOST PORT SOCKETS FIRST SPREAD\n");
        return 2;
    }
    static struct crowd crowd;
    crowd.count = number(argv[3]);
    crowd.first = number(argv[4]);
    crowd.spread = number(argv[5]);
    if (crowd.spread >= TICKS) {
        fprintf(stderr, "bench_signal_crowd: %s ms is too much of a spread\n", argv[5]);
        return 2;
    }
    crowd.server.sin_family = AF_INET;
    crowd.server.sin_port = htons((uint16_t)number(argv[2]));
    inet_pton(AF_INET, argv[1], &crowd.server.sin_addr);
    crowd.members = xcalloc(crowd.count, sizeof *crowd.members);
    crowd.poll = epoll_create1(0);
    for (unsigned i = 0; i < crowd.count; i++)
        crowd.members[i] = (struct member){.fd = -1, .old_fd = -1, .number = i};
    gather(&crowd);
    printf("ready\n");
    fflush(stdout);
    struct pollfd in[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                          {.fd = crowd.poll, .events = POLLIN}};
    for (;;) {
        rest(&crowd, in, 2);
        if (in[1].revents)
            turn(&crowd, 0);
        if (!in[0].revents)
            continue;
        if (!fgets(line, sizeof line, stdin))
            return 0;
        storm(&crowd, number(line));
        fflush(stdout);
    }
}
