/*
 * What SCTP costs: one sender, one receiver, bulk of 64 KiB messages in
 * 1200-byte packets and windows of 1 MiB, all in this thread, measured in CPU
 * time. First through OpenSSL DTLS, ours and usrsctp's the same way; then
 * ours alone, where the time of each side's calls is taken a batch at a time.
 *
 * A round is a millisecond of the stacks' time, which costs nothing here.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "dtls_pair.h"
#include "sctp/sctp.h"
#include "sctp/usr_peer.h"

enum { MTU = 1200, MESSAGE = 64 << 10, WINDOW = 1 << 20, PACKET_MAX = 2048, LINE = 4096 };

static uint8_t body[MESSAGE];

struct line {
    uint8_t (*data)[MTU];
    uint16_t len[LINE];
    size_t count;
};

struct end {
    struct sctp_assoc *assoc;
    struct usr_peer *usr;
    struct dtls_end *dtls; /* NULL: straight into the line */
    struct line *out;
    bool is_sender;
    bool connected;
    uint64_t received;
    uint64_t packets;
    uint64_t now_us;
};

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void out_packet(struct end *e, struct span packet)
{
    e->packets++;
    if (e->dtls) {
        dtls_send(e->dtls, packet);
        return;
    }
    struct line *l = e->out;
    assert(l->count < LINE && packet.len <= MTU);
    memcpy(l->data[l->count], packet.data, packet.len);
    l->len[l->count++] = (uint16_t)packet.len;
}

static void send_bulk(struct end *e)
{
    struct sctp_outgoing out = {.stream = 1, .ppid = 53, .body = {body, sizeof body}};
    while (e->is_sender && sctp_assoc_send(e->assoc, &out, e->now_us) == 0)
        continue;
}

static void on_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out_packet(arg, span_of(packets[i].data, packets[i].len));
}

static void on_message(void *arg, const struct sctp_message_info *info, struct span m)
{
    (void)info;
    ((struct end *)arg)->received += m.len;
}

static void on_connected(void *arg)
{
    ((struct end *)arg)->connected = true;
}

static void on_writable(void *arg)
{
    send_bulk(arg);
}

static void on_reset(void *arg, uint16_t stream, enum sctp_reset_side side)
{
    (void)arg;
    (void)stream;
    (void)side;
}

static void on_closed(void *arg, enum sctp_close_reason reason)
{
    (void)arg;
    (void)reason;
    abort();
}

static void usr_packet(void *arg, struct span packet)
{
    out_packet(arg, packet);
}

static void usr_message(void *arg, uint16_t stream, uint32_t ppid, bool unordered, struct span m)
{
    (void)stream;
    (void)ppid;
    (void)unordered;
    ((struct end *)arg)->received += m.len;
}

static void usr_reset(void *arg, uint16_t stream, bool incoming)
{
    (void)arg;
    (void)stream;
    (void)incoming;
}

static void usr_closed(void *arg)
{
    (void)arg;
    abort();
}

static void make_ours(struct end *e, struct sctp_arena *arena, uint8_t seed)
{
    static const struct sctp_assoc_handlers handlers = {
        .on_packets = on_packets,
        .on_message = on_message,
        .on_connected = on_connected,
        .on_writable = on_writable,
        .on_stream_reset = on_reset,
        .on_closed = on_closed,
    };
    struct sctp_assoc_config config;
    sctp_assoc_config_init(&config);
    config.arena = arena;
    config.seed[0] = seed;
    config.mtu_max = MTU;
    config.recv_window = WINDOW;
    config.recv_window_max = WINDOW;
    e->assoc = sctp_assoc_new(&config, &handlers, e);
}

static void make_usr(struct end *e)
{
    static const struct usr_handlers handlers = {
        .on_packet = usr_packet,
        .on_message = usr_message,
        .on_reset = usr_reset,
        .on_connected = on_connected,
        .on_closed = usr_closed,
    };
    struct usr_options options = {.buffer = WINDOW, .mtu = MTU};
    e->usr = usr_peer_new(&options, &handlers, e);
}

static void feed(struct end *e, struct span packet)
{
    if (e->assoc)
        sctp_assoc_feed(e->assoc, packet, e->now_us);
    else
        usr_peer_feed(e->usr, packet);
}

/* Everything that waits for this end, and what it wants to do then. */
static void serve(struct end *e, struct line *in)
{
    if (e->dtls) {
        uint8_t packet[PACKET_MAX];
        size_t len;
        for (size_t batch = 0; (len = dtls_receive(e->dtls, packet, sizeof packet)) > 0;) {
            feed(e, span_of(packet, len));
            if (e->assoc && ++batch % 64 == 0) /* as the UDP layer hands them over */
                sctp_assoc_flush(e->assoc, e->now_us);
        }
    } else {
        for (size_t i = 0; i < in->count; i++) {
            feed(e, span_of(in->data[i], in->len[i]));
            if (i % 64 == 63)
                sctp_assoc_flush(e->assoc, e->now_us);
        }
        in->count = 0;
    }
    if (e->assoc) {
        sctp_assoc_flush(e->assoc, e->now_us);
        if (sctp_assoc_deadline(e->assoc) <= e->now_us)
            sctp_assoc_on_deadline(e->assoc, e->now_us);
        return;
    }
    usr_peer_poll(e->usr);
    while (e->is_sender && usr_peer_send(e->usr, 1, 53, false, span_of(body, sizeof body)))
        continue;
}

struct result {
    double bytes_per_s;
    double ns_sent;
    double ns_received;
};

static double served(struct end *e, struct line *in)
{
    double before = cpu_s();
    serve(e, in);
    return cpu_s() - before;
}

static struct result run(bool ours, bool dtls, uint64_t total)
{
    static uint8_t arena_bytes[64 * MTU];
    static struct sctp_arena arena = {.data = arena_bytes, .len = sizeof arena_bytes};
    struct line lines[2] = {{.data = calloc(LINE, MTU)}, {.data = calloc(LINE, MTU)}};
    struct end ends[2] = {{.out = &lines[1], .now_us = US_PER_S},
                          {.out = &lines[0], .now_us = US_PER_S}};
    struct dtls_end *pair[2] = {NULL, NULL};
    if (dtls)
        dtls_pair(pair);
    for (int i = 0; i < 2; i++) {
        ends[i].dtls = pair[i];
        if (ours)
            make_ours(&ends[i], &arena, (uint8_t)i);
        else
            make_usr(&ends[i]);
    }
    if (ours) {
        sctp_assoc_connect(ends[0].assoc, ends[0].now_us);
    } else {
        usr_peer_listen(ends[1].usr);
        usr_peer_connect(ends[0].usr);
    }
    double start = 0;
    double sides[2] = {0, 0};
    uint64_t base = 0;
    uint64_t packets = 0;
    while (ends[1].received < total + base) {
        for (int i = 0; i < 2; i++) {
            ends[i].now_us += US_PER_MS / 2;
            if (ours && !dtls)
                sides[i] += served(&ends[i], &lines[i]);
            else
                serve(&ends[i], &lines[i]);
        }
        if (!ours)
            usr_peer_tick(1);
        if (!ends[0].is_sender && ends[0].connected && ends[1].connected) {
            ends[0].is_sender = true;
            if (ours)
                send_bulk(&ends[0]);
        }
        if (start == 0 && ends[1].received > total / 8) { /* warm */
            start = cpu_s();
            base = ends[1].received;
            sides[0] = sides[1] = 0;
            packets = ends[0].packets;
        }
    }
    struct result r = {.bytes_per_s = (double)(ends[1].received - base) / (cpu_s() - start)};
    packets = ends[0].packets - packets;
    r.ns_sent = sides[0] / (double)packets * 1e9;
    r.ns_received = sides[1] / (double)packets * 1e9;
    for (int i = 0; i < 2; i++) {
        sctp_assoc_free(ends[i].assoc);
        free(lines[i].data);
    }
    if (dtls)
        dtls_free(pair);
    return r; /* usrsctp's sockets are left: their timers outlive a close */
}

/* Three runs; the best of each is the least disturbed. */
static struct result best(bool ours, bool dtls, uint64_t total)
{
    struct result best = {0};
    for (int i = 0; i < 3; i++) {
        struct result r = run(ours, dtls, total);
        if (r.bytes_per_s > best.bytes_per_s)
            best = r;
    }
    return best;
}

int main(void)
{
    const uint64_t total = UINT64_C(400) << 20;
    struct result ours = best(true, true, total);
    struct result theirs = best(false, true, total / 4);
    struct result alone = best(true, false, total);
    printf("%-28s %8.0f MB a CPU second\n", "ours over DTLS", ours.bytes_per_s / 1e6);
    printf("%-28s %8.0f MB a CPU second\n", "usrsctp over DTLS", theirs.bytes_per_s / 1e6);
    printf("%-28s %8.0f MB a CPU second\n", "ours alone", alone.bytes_per_s / 1e6);
    printf("cpu_vs_usrsctp=%.2f ns_per_packet_sent=%.0f ns_per_packet_received=%.0f\n",
           ours.bytes_per_s / theirs.bytes_per_s, alone.ns_sent, alone.ns_received);
    return 0;
}
