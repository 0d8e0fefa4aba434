/*
 * No byte is read that belongs to who comes behind the proxy, since the conn
 * goes on with the bare descriptor: so the talk is fed with no more than it
 * wants. What TLS has decrypted beyond that stays in its session, which the
 * conn is given as well.
 *
 * A proxy that breaks off may have said why: so a send that fails is told only
 * when nothing is left to be read.
 */
#include "net/egress_dial.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "net/dial.h"
#include "net/egress_talk.h"
#include "net/error_text.h"

enum {
    OUT_MAX = 64 << 10, /* the talk's few words, and TLS's handshake */
    READ_MAX = 4 << 10
};

struct egress_dial {
    struct loop *loop;
    const struct egress *egress;
    void (*on_done)(const struct egress_end *end, void *arg);
    void *arg;
    struct dial *dial; /* to the proxy; NULL once it is connected */
    int fd;
    struct fd_watch *watch;
    struct tls_session *tls; /* or NULL */
    bool is_asked;           /* what the talk began with is on its way */
    struct egress_talk *talk;
    struct buf out;
    int send_error; /* 0, or a negative errno */
};

void egress_dial_free(struct egress_dial *dial)
{
    if (!dial)
        return;
    dial_free(dial->dial);
    fd_watch_free(dial->watch);
    if (dial->fd >= 0)
        close(dial->fd);
    tls_session_free(dial->tls);
    egress_talk_free(dial->talk);
    free_secret(dial->out.data, dial->out.cap);
    free(dial);
}

static void finish(struct egress_dial *dial, struct egress_end *end)
{
    void (*on_done)(const struct egress_end *end, void *arg) = dial->on_done;
    void *arg = dial->arg;
    egress_dial_free(dial);
    on_done(end, arg);
}

static void succeed(struct egress_dial *dial)
{
    struct egress_end end = {.fd = dial->fd, .tls = dial->tls};
    dial->fd = -1;
    dial->tls = NULL;
    fd_watch_free(dial->watch);
    dial->watch = NULL;
    finish(dial, &end);
}

/* Frees the text. */
static void finish_failed(struct egress_dial *dial, int error, char *text)
{
    struct egress_end end = {.fd = -1, .error = error, .text = text};
    finish(dial, &end);
    free(text);
}

static void fail(struct egress_dial *dial, int error, const char *what)
{
    finish_failed(dial, error, xasprintf("the proxy %s %s", dial->egress->name, what));
}

static void fail_errno(struct egress_dial *dial, int error)
{
    char *what = xasprintf("cannot be reached: %s", net_error_text(error));
    fail(dial, error, what);
    free(what);
}

/* ---- sending ---- */

static void flush(struct egress_dial *dial)
{
    bool is_full = false;
    while (dial->out.len > 0 && !is_full && dial->send_error == 0) {
        struct span bytes = buf_bytes(&dial->out);
        ssize_t len = send(dial->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (len >= 0)
            buf_consume(&dial->out, (size_t)len);
        else if (errno == EAGAIN)
            is_full = true;
        else if (errno != EINTR)
            dial->send_error = net_error(errno);
    }
    fd_watch_set_events(dial->watch, is_full ? FD_READABLE | FD_WRITABLE : FD_READABLE);
}

static int queue_wire(struct egress_dial *dial)
{
    struct span wire;
    int error = tls_session_wire(dial->tls, &wire);
    if (error == 0)
        error = buf_append(&dial->out, wire);
    tls_session_taken(dial->tls);
    return error;
}

static int say(struct egress_dial *dial)
{
    struct span bytes = egress_talk_take(dial->talk);
    dial->is_asked = true;
    int error = dial->tls ? tls_session_write(dial->tls, bytes) : buf_append(&dial->out, bytes);
    if (error == 0 && dial->tls)
        error = queue_wire(dial);
    if (error == 0)
        flush(dial);
    return error;
}

/* ---- receiving ---- */

/* Bytes of the proxy; 0: it has said no more yet. */
static ssize_t receive_wire(struct egress_dial *dial, uint8_t *bytes, size_t max)
{
    ssize_t len;
    do
        len = recv(dial->fd, bytes, max, 0);
    while (len < 0 && errno == EINTR);
    if (len > 0)
        return len;
    int error = len == 0 ? -ECONNRESET : errno == EAGAIN ? 0 : net_error(errno);
    return dial->send_error < 0 ? dial->send_error : error;
}

/* The same, of what it says in TLS. Goes on with the handshake first, and says
 * what is to be said behind that. */
static ssize_t receive_plain(struct egress_dial *dial, uint8_t *bytes, size_t max)
{
    uint8_t wire[READ_MAX];
    ssize_t len = 1;
    while (len > 0) {
        struct buf plain;
        buf_init(&plain, max);
        enum tls_status status = tls_session_read(dial->tls, &plain);
        size_t got = plain.len;
        if (got > 0)
            memcpy(bytes, buf_bytes(&plain).data, got);
        buf_deinit(&plain);
        int error = queue_wire(dial);
        if (error == 0 && status == TLS_OPEN && !dial->is_asked)
            error = say(dial);
        else if (error == 0)
            flush(dial);
        if (error < 0 || status == TLS_FAILED)
            return error < 0 ? error : -EPROTO;
        if (got > 0)
            return (ssize_t)got;
        len = status == TLS_ENDED ? -ECONNRESET : receive_wire(dial, wire, sizeof wire);
        if (len > 0)
            tls_session_feed(dial->tls, span_of(wire, (size_t)len));
    }
    return len;
}

/* Its text is a sentence of its own. */
static void fail_tls(struct egress_dial *dial, int error)
{
    char *text = xasprintf("the proxy %s: %s", dial->egress->name, tls_session_error(dial->tls));
    finish_failed(dial, error, text);
}

static void fail_receiving(struct egress_dial *dial, int error)
{
    if (error == -EPROTO && dial->tls)
        fail_tls(dial, error);
    else if (error == -ECONNRESET && dial->egress->tls && !dial->is_asked)
        fail(dial, error,
             "ended the connection in the TLS handshake; perhaps http:// is meant, without an 's'");
    else if (error == -ECONNRESET)
        fail(dial, error, "ended the connection instead of answering");
    else
        fail_errno(dial, error);
}

/* As far as it goes now. The dial may be gone after it. */
static void go_on(struct egress_dial *dial)
{
    enum egress_status status = EGRESS_ASKING;
    while (status == EGRESS_ASKING) {
        uint8_t bytes[EGRESS_WANTS_MAX];
        size_t wants = egress_talk_wants(dial->talk);
        ssize_t len =
            dial->tls ? receive_plain(dial, bytes, wants) : receive_wire(dial, bytes, wants);
        if (len == 0)
            return;
        int error = len < 0 ? (int)len : 0;
        if (error == 0)
            status = egress_talk_feed(dial->talk, span_of(bytes, (size_t)len));
        if (error == 0 && status == EGRESS_ASKING)
            error = say(dial);
        if (error < 0) {
            fail_receiving(dial, error);
            return;
        }
    }
    if (status == EGRESS_THROUGH)
        succeed(dial);
    else
        fail(dial, -EPROTO, egress_talk_error(dial->talk));
}

static void on_ready(int events, void *arg)
{
    struct egress_dial *dial = arg;
    if (events & FD_WRITABLE)
        flush(dial);
    go_on(dial);
}

static void on_dialled(int fd, int error, void *arg)
{
    struct egress_dial *dial = arg;
    dial->dial = NULL;
    if (error < 0) {
        fail_receiving(dial, error); /* a reset: it was reached */
        return;
    }
    dial->fd = fd;
    dial->watch = fd_watch_new(dial->loop, fd, FD_READABLE, on_ready, dial);
    if (dial->egress->tls)
        dial->tls = tls_session_new(dial->egress->tls, dial->egress->host);
    else
        error = say(dial);
    if (error < 0)
        fail_receiving(dial, error);
    else
        go_on(dial);
}

struct egress_dial *egress_dial_new(struct loop *loop, const struct egress *egress,
                                    const char *host, uint16_t port,
                                    void (*on_done)(const struct egress_end *end, void *arg),
                                    void *arg)
{
    struct egress_dial *dial = xcalloc(1, sizeof *dial);
    dial->loop = loop;
    dial->egress = egress;
    dial->on_done = on_done;
    dial->arg = arg;
    dial->fd = -1;
    dial->talk = egress_talk_new(egress, host, port);
    buf_init(&dial->out, OUT_MAX);
    dial->dial = dial_new(loop, egress->host, egress->port, on_dialled, dial);
    return dial;
}
