/*
 * What SCTP costs: one sender, one receiver, bulk of 64 KiB messages in
 * 1200-byte packets and windows of 1 MiB, all in this thread, measured in CPU
 * time. First through OpenSSL DTLS, ours and usrsctp's the same way; then
 * through the product's records instead; then ours alone, where the time of
 * each side's calls is taken a batch at a time.
 *
 * A round is a millisecond of the stacks' time, which costs nothing here.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "dtls_pair.h"
#include "sctp/usr_peer.h"
#include "stack.h"

enum { MTU = 1200, WINDOW = 1 << 20, PACKET_MAX = 2048, LINE = 4096, BATCH = 64 };

enum below { OPENSSL_DTLS, OWN_RECORDS, NOTHING };

struct line {
    uint8_t (*data)[MTU];
    uint16_t len[LINE];
    size_t count;
};

struct end {
    struct stack *stack;
    struct dtls_end *dtls; /* NULL: straight into the line */
    struct line *out;
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
        dtls_pair_send(e->dtls, packet);
        return;
    }
    struct line *l = e->out;
    assert(l->count < LINE && packet.len <= MTU);
    memcpy(l->data[l->count], packet.data, packet.len);
    l->len[l->count++] = (uint16_t)packet.len;
}

static void on_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out_packet(arg, span_of(packets[i].data, packets[i].len));
}

static void on_message(void *arg, uint16_t stream, struct span message)
{
    (void)stream;
    ((struct end *)arg)->received += message.len;
}

/* Everything that waits for this end, in batches as the UDP layer hands them
 * over, and what it wants to do then. */
static void serve(struct end *e, struct line *in)
{
    size_t fed = 0;
    if (e->dtls) {
        uint8_t packet[PACKET_MAX];
        size_t len;
        while ((len = dtls_pair_receive(e->dtls, packet, sizeof packet)) > 0) {
            stack_feed(e->stack, span_of(packet, len), e->now_us);
            if (++fed % BATCH == 0)
                stack_flush(e->stack, e->now_us);
        }
    } else {
        while (fed < in->count) {
            stack_feed(e->stack, span_of(in->data[fed], in->len[fed]), e->now_us);
            if (++fed % BATCH == 0)
                stack_flush(e->stack, e->now_us);
        }
        in->count = 0;
    }
    stack_flush(e->stack, e->now_us);
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

static void make_ends(struct end ends[2], bool ours)
{
    static uint8_t arena_bytes[BATCH * MTU];
    static struct sctp_arena arena = {.data = arena_bytes, .len = sizeof arena_bytes};
    static const struct stack_handlers handlers = {
        .on_packets = on_packets,
        .on_message = on_message,
    };
    for (int i = 0; i < 2; i++) {
        struct stack_config config = {
            .is_usrsctp = !ours,
            .arena = &arena,
            .seed = (uint64_t)i,
            .mtu = MTU,
            .window = WINDOW,
            .sends_bulk = i == 0,
        };
        ends[i].stack = stack_new(&config, &handlers, &ends[i]);
        ends[i].now_us = US_PER_S;
    }
    stack_listen(ends[1].stack);
    stack_connect(ends[0].stack, ends[0].now_us);
}

static struct result run(bool ours, enum below below, uint64_t total)
{
    struct line lines[2] = {{.data = calloc(LINE, MTU)}, {.data = calloc(LINE, MTU)}};
    struct end ends[2] = {{.out = &lines[1]}, {.out = &lines[0]}};
    struct dtls_end *pair[2] = {NULL, NULL};
    if (below != NOTHING)
        dtls_pair_new(pair, below == OWN_RECORDS);
    for (int i = 0; i < 2; i++)
        ends[i].dtls = pair[i];
    make_ends(ends, ours);
    double start = 0;
    double sides[2] = {0, 0};
    uint64_t base = 0;
    uint64_t packets = 0;
    while (ends[1].received < total + base) {
        for (int i = 0; i < 2; i++) {
            ends[i].now_us += US_PER_MS / 2;
            if (below == NOTHING)
                sides[i] += served(&ends[i], &lines[i]);
            else
                serve(&ends[i], &lines[i]);
        }
        if (!ours)
            usr_peer_tick(1);
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
        stack_free(ends[i].stack);
        free(lines[i].data);
    }
    if (below != NOTHING)
        dtls_pair_free(pair);
    return r;
}

enum { OURS, THEIRS, PRODUCT, ALONE, KINDS, ROUNDS = 5 };

static const struct kind {
    const char *name;
    bool ours;
    enum below below;
    uint64_t megabytes;
} kinds[KINDS] = {
    [OURS] = {"ours over OpenSSL DTLS", true, OPENSSL_DTLS, 400},
    [THEIRS] = {"usrsctp over OpenSSL DTLS", false, OPENSSL_DTLS, 100},
    [PRODUCT] = {"ours over our DTLS records", true, OWN_RECORDS, 400},
    [ALONE] = {"ours alone", true, NOTHING, 400},
};

/* One after the other, round by round, since a busy neighbour would spoil all
 * runs of one kind; the best of each kind is the least disturbed. */
int main(void)
{
    struct result best[KINDS] = {0};
    for (int i = 0; i < ROUNDS * KINDS; i++) {
        const struct kind *kind = &kinds[i % KINDS];
        struct result r = run(kind->ours, kind->below, kind->megabytes << 20);
        if (r.bytes_per_s > best[i % KINDS].bytes_per_s)
            best[i % KINDS] = r;
    }
    for (int k = 0; k < KINDS; k++)
        printf("%-28s %8.0f MB a CPU second\n", kinds[k].name, best[k].bytes_per_s / 1e6);
    printf("cpu_vs_usrsctp=%.2f product_vs_usrsctp=%.2f ns_per_packet_sent=%.0f "
           "ns_per_packet_received=%.0f\n",
           best[OURS].bytes_per_s / best[THEIRS].bytes_per_s,
           best[PRODUCT].bytes_per_s / best[THEIRS].bytes_per_s, best[ALONE].ns_sent,
           best[ALONE].ns_received);
    return 0;
}
