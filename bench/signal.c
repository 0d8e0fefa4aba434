/*
 * Load for a signal server: pairs in rooms of their own, of which one member
 * sends offers and the other gets them. So little is done here for a message
 * that the server is what there is to measure.
 *
 *   bench_signal HOST PORT PAIRS SECONDS BYTES WINDOW [PORT [half | all]]
 *
 * Of each pair, who gets joins second, and at the last PORT where there is one.
 * With `all` every other pair does it the other way round; with `half`, members
 * are at the two ports in all four ways, as by chance. BYTES is how long an
 * offer's description is, WINDOW how many are under way in a room. Prints
 * "ready" when all have joined, and at the end "messages=N seconds=S", of those
 * that came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "signal_frames.h"

enum { EVENTS = 256, READ_LEN = 64 << 10 };

struct member {
    int fd;
    struct member *sends; /* who sends the next when we have got one; NULL: we send */
    struct frames frames;
};

static struct buf offer; /* a frame */

static void fail(const char *what)
{
    fprintf(stderr, "bench_signal: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n < 0)
            fail("send");
        bytes = span_skip(bytes, (size_t)n);
    }
}

/* ---- members ---- */

static int dial(const char *host, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail("not an IPv4 address");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static void read_handshake(int fd)
{
    char text[2048];
    size_t len = 0;
    while (len < 4 || memcmp(text + len - 4, "\r\n\r\n", 4) != 0) {
        if (len == sizeof text || recv(fd, text + len, 1, 0) != 1)
            fail("the handshake was not answered");
        len++;
    }
    if (memcmp(text, "HTTP/1.1 101", 12) != 0)
        fail("the handshake was refused");
}

static void wait_message(struct member *m)
{
    uint8_t byte;
    do {
        if (recv(m->fd, &byte, 1, 0) != 1)
            fail("the join was not answered");
    } while (frames_take(&m->frames, span_of(&byte, 1)) == 0);
}

static void join(struct member *m, const char *host, unsigned port, unsigned room)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    char text[256];
    struct buf frame;
    buf_init(&frame, 1 << 10);
    m->fd = dial(host, port);
    write_all(m->fd, SPAN_LITERAL(request));
    read_handshake(m->fd);
    snprintf(text, sizeof text, "{\"type\":\"join\",\"room\":\"bench %u\"}", room);
    frames_put_text(&frame, text);
    write_all(m->fd, buf_bytes(&frame));
    wait_message(m);
    buf_deinit(&frame);
}

static void make_offer(size_t bytes)
{
    char *sdp = xcalloc(1, bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        sdp[i] = "v=0\\r\\na=candidate:"[i % 18];
    sdp[bytes - bytes % 18] = '\0'; /* no half of an escape */
    char *text = xasprintf("{\"type\":\"offer\",\"sdp\":\"%s\"}", sdp);
    buf_init(&offer, 1 << 20);
    frames_put_text(&offer, text);
    free(sdp);
    free(text);
}

static uint64_t run(int poll, uint64_t until_us)
{
    static uint8_t bytes[READ_LEN];
    struct epoll_event events[EVENTS];
    uint64_t messages = 0;
    while (clock_now_us() < until_us) {
        int count = epoll_wait(poll, events, EVENTS, 1000);
        for (int i = 0; i < count; i++) {
            struct member *m = events[i].data.ptr;
            ssize_t len = recv(m->fd, bytes, sizeof bytes, MSG_DONTWAIT);
            if (len <= 0)
                fail("the server has ended a connection");
            unsigned got = frames_take(&m->frames, span_of(bytes, (size_t)len));
            messages += m->sends ? got : 0;
            for (; m->sends && got > 0; got--)
                write_all(m->sends->fd, buf_bytes(&offer));
        }
    }
    return messages;
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

/* At which port a pair's sender is, and who gets. */
static unsigned place(const char *spread, unsigned pair, bool gets)
{
    if (strcmp(spread, "half") == 0)
        return gets ? pair / 2 % 2 : pair % 2;
    if (strcmp(spread, "all") == 0)
        return (pair + gets) % 2;
    return gets;
}

int main(int argc, char **argv)
{
    if (argc < 7 || argc > 9) {
        fprintf(stderr, "usage: bench_signal HOST PORT PAIRS SECONDS BYTES WINDOW "
                        "[PORT [half | all]]\n");
        return 2;
    }
    const char *spread = argc == 9 ? argv[8] : "";
    unsigned pairs = number(argv[3]), window = number(argv[6]);
    unsigned ports[] = {number(argv[2]), number(argv[argc > 7 ? 7 : 2])};
    uint64_t seconds = number(argv[4]);
    struct member *members = xcalloc(2 * (size_t)pairs, sizeof *members);
    int poll = epoll_create1(0);
    make_offer(number(argv[5]));
    for (unsigned i = 0; i < 2 * pairs; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &members[i]};
        members[i].sends = i % 2 ? &members[i - 1] : NULL;
        join(&members[i], argv[1], ports[place(spread, i / 2, i % 2 == 1)], i / 2);
        epoll_ctl(poll, EPOLL_CTL_ADD, members[i].fd, &event);
    }
    printf("ready\n");
    fflush(stdout);
    for (unsigned i = 0; i < pairs * window; i++)
        write_all(members[2 * (i % pairs)].fd, buf_bytes(&offer));
    uint64_t start_us = clock_now_us();
    uint64_t messages = run(poll, start_us + seconds * US_PER_S);
    printf("messages=%llu seconds=%.3f\n", (unsigned long long)messages,
           (double)(clock_now_us() - start_us) / US_PER_S);
    return 0;
}
