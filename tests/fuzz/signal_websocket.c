/*
 * WebSocket frames as a server and as a client get them. The first byte
 * chooses the role and how the rest is cut into reads.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/utf8.h"
#include "net/conn_internal.h"
#include "net/websocket.h"

enum { MESSAGE_MAX = 4096, INPUT_MAX = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct owner {
    struct loop *loop;
    struct websocket *ws;
    int closes;
};

static void check(int holds)
{
    if (!holds)
        abort();
}

static void on_message(struct span text, void *arg)
{
    struct owner *owner = arg;
    check(owner->closes == 0 && text.len <= MESSAGE_MAX && utf8_is_valid(text));
    websocket_send(owner->ws, text);
}

static void on_close(const struct websocket_end *end, void *arg)
{
    struct owner *owner = arg;
    check(end->code >= 1000 && end->code < 5000);
    check(utf8_is_valid(span_from_string(end->reason)));
    owner->closes++;
    loop_stop(owner->loop);
}

/* The end of the input is the end of the connection: on_close comes always. */
static void feed(int fd, const uint8_t *data, size_t size, size_t piece)
{
    for (size_t at = 0; at < size; at += piece) {
        size_t len = size - at < piece ? size - at : piece;
        check(write(fd, data + at, len) == (ssize_t)len);
    }
    shutdown(fd, SHUT_WR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct websocket_handlers handlers = {
        .on_message = on_message,
        .on_close = on_close,
    };
    if (size < 1 || size > INPUT_MAX)
        return 0;
    int fds[2];
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    struct owner owner = {.loop = loop_new()};
    size_t early = size / 3;
    size_t piece = data[0] & 2 ? SIZE_MAX : 1 + size / 16;
    owner.ws = websocket_new(owner.loop, conn_new_accepted(owner.loop, fds[0], NULL),
                             data[0] & 1 ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER, MESSAGE_MAX,
                             span_of(data + 1, early < size ? early : 0), &handlers, &owner);
    feed(fds[1], data + 1 + early, size - 1 - early, piece);
    loop_run(owner.loop);
    check(owner.closes == 1);
    close(fds[1]);
    websocket_close(owner.ws, WEBSOCKET_NORMAL, "");
    loop_free(owner.loop);
    return 0;
}
