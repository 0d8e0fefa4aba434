#include "stack.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "sctp/usr_peer.h"

enum { MESSAGE = 64 << 10, BULK_STREAM = 1, PPID_BINARY = 53, USR_BUFFER = 4 << 20 };

struct stack {
    struct sctp_assoc *assoc; /* one of the two is NULL */
    struct usr_peer *usr;
    struct stack_handlers handlers;
    void *arg;
    bool sends_bulk;
    bool connected;
    uint64_t now_us; /* of the call that is under way */
};

static uint8_t body[MESSAGE];

static void fill(struct stack *s)
{
    struct sctp_outgoing out = {.stream = BULK_STREAM,
                                .ppid = PPID_BINARY,
                                .body = {body, sizeof body}};
    if (!s->sends_bulk || !s->connected)
        return;
    if (s->assoc) {
        while (sctp_assoc_send(s->assoc, &out, s->now_us) == 0)
            continue;
    } else {
        while (usr_peer_send(s->usr, BULK_STREAM, PPID_BINARY, false, out.body))
            continue;
    }
}

/* ---- ours ---- */

static void on_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    struct stack *s = arg;
    s->handlers.on_packets(s->arg, packets, count);
}

static void on_message(void *arg, const struct sctp_message_info *info, struct span message)
{
    struct stack *s = arg;
    s->handlers.on_message(s->arg, info->stream, message);
}

static void on_connected(void *arg)
{
    struct stack *s = arg;
    s->connected = true;
    fill(s);
}

static void on_writable(void *arg)
{
    fill(arg);
}

static void on_stream_reset(void *arg, uint16_t stream, enum sctp_reset_side side)
{
    (void)arg;
    (void)stream;
    (void)side;
}

static void on_closed(void *arg, enum sctp_close_reason reason)
{
    (void)arg;
    fprintf(stderr, "closed: %s\n", sctp_close_reason_name(reason));
    exit(1);
}

static struct sctp_assoc *new_assoc(const struct stack_config *config, struct stack *s)
{
    static const struct sctp_assoc_handlers handlers = {
        .on_packets = on_packets,
        .on_message = on_message,
        .on_connected = on_connected,
        .on_writable = on_writable,
        .on_stream_reset = on_stream_reset,
        .on_closed = on_closed,
    };
    struct sctp_assoc_config c;
    sctp_assoc_config_init(&c);
    c.arena = config->arena;
    c.cc = config->cc;
    c.mtu_max = config->mtu;
    put_u64be(c.seed, config->seed);
    if (config->window > 0) {
        c.recv_window = config->window;
        c.recv_window_max = config->window;
    }
    return sctp_assoc_new(&c, &handlers, s);
}

/* ---- usrsctp ---- */

static void usr_packet(void *arg, struct span packet)
{
    struct stack *s = arg;
    /* It is only read, like those of ours. */
    struct sctp_packet p = {.data = (uint8_t *)(uintptr_t)packet.data, .len = packet.len};
    s->handlers.on_packets(s->arg, &p, 1);
}

static void usr_message(void *arg, uint16_t stream, uint32_t ppid, bool unordered,
                        struct span message)
{
    struct stack *s = arg;
    (void)ppid;
    (void)unordered;
    s->handlers.on_message(s->arg, stream, message);
}

static void usr_reset(void *arg, uint16_t stream, bool incoming)
{
    (void)arg;
    (void)stream;
    (void)incoming;
}

static void usr_connected(void *arg)
{
    struct stack *s = arg;
    s->connected = true;
}

static void usr_closed(void *arg)
{
    (void)arg;
    fprintf(stderr, "closed: usrsctp\n");
    exit(1);
}

static struct usr_peer *new_usr(const struct stack_config *config, struct stack *s)
{
    static const struct usr_handlers handlers = {
        .on_packet = usr_packet,
        .on_message = usr_message,
        .on_reset = usr_reset,
        .on_connected = usr_connected,
        .on_closed = usr_closed,
    };
    struct usr_options options = {
        .buffer = config->window > 0 ? config->window : USR_BUFFER,
        .mtu = (unsigned)config->mtu,
    };
    return usr_peer_new(&options, &handlers, s);
}

/* ---- both ---- */

struct stack *stack_new(const struct stack_config *config, const struct stack_handlers *handlers,
                        void *arg)
{
    struct stack *s = xcalloc(1, sizeof *s);
    s->handlers = *handlers;
    s->arg = arg;
    s->sends_bulk = config->sends_bulk;
    if (config->is_usrsctp)
        s->usr = new_usr(config, s);
    else
        s->assoc = new_assoc(config, s);
    return s;
}

void stack_free(struct stack *s)
{
    sctp_assoc_free(s->assoc);
    if (s->assoc)
        free(s);
}

void stack_connect(struct stack *s, uint64_t now_us)
{
    s->now_us = now_us;
    if (s->assoc)
        sctp_assoc_connect(s->assoc, now_us);
    else
        usr_peer_connect(s->usr);
}

void stack_listen(struct stack *s)
{
    if (s->usr)
        usr_peer_listen(s->usr);
}

void stack_feed(struct stack *s, struct span packet, uint64_t now_us)
{
    s->now_us = now_us;
    if (s->assoc)
        sctp_assoc_feed(s->assoc, packet, now_us);
    else
        usr_peer_feed(s->usr, packet);
}

void stack_flush(struct stack *s, uint64_t now_us)
{
    s->now_us = now_us;
    if (s->usr) {
        usr_peer_poll(s->usr);
        fill(s);
        return;
    }
    sctp_assoc_flush(s->assoc, now_us);
    if (sctp_assoc_deadline(s->assoc) <= now_us)
        sctp_assoc_on_deadline(s->assoc, now_us);
}

uint64_t stack_deadline(const struct stack *s, uint64_t now_us)
{
    return s->assoc ? sctp_assoc_deadline(s->assoc) : now_us + US_PER_MS;
}

void stack_send(struct stack *s, uint16_t stream, struct span message, uint64_t now_us)
{
    struct sctp_outgoing out = {.stream = stream, .ppid = PPID_BINARY, .body = message};
    if (s->assoc)
        sctp_assoc_send(s->assoc, &out, now_us);
    else if (s->connected)
        usr_peer_send(s->usr, stream, PPID_BINARY, false, message);
}
