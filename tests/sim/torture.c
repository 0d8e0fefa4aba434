/*
 * Two engines over a link drawn from a seed, thousands of times. Each run:
 * messages of all sizes on several streams both ways, ordered ones in order,
 * every one exactly once and unharmed; readers that pause; then resets and a
 * shutdown. Memory stays below its bound and nothing stalls.
 *
 *   test_sim_torture [first-seed [count]]     replays one seed verbosely
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "sim/sim.h"

enum {
    STREAMS = 6,
    DEFAULT_SEEDS = 2500 / SEEDS_SHARE,
    MESSAGE_HEAD = 12,
    MAX_MESSAGES = 400,
    TIME_LIMIT_S = 900,
    WINDOW_MAX = (20000 << 7) << 3, /* that draw_config draws */
    FIXED_MEMORY = 1 << 20,         /* rings and tables beside windows and queues */
};

struct side {
    struct sim_end *end;
    struct run *run;
    uint32_t to_send;
    uint32_t next;                 /* message to send */
    uint32_t sent_seq[STREAMS][2]; /* by stream and unordered */
    uint32_t got_seq[STREAMS];     /* next expected of ordered messages */
    uint8_t got[MAX_MESSAGES];
    uint32_t got_count;
    uint32_t size_limit;
    bool connected;
    bool closed;
    enum sctp_close_reason reason;
    unsigned resets_in;
    unsigned resets_out;
    size_t peak_memory;
};

struct run {
    uint64_t seed;
    struct sim *sim;
    struct side sides[2];
    struct sim_link links[2];
    bool unordered_allowed;
    bool pauses;
    char failure[200];
};

#define FAIL(run, ...)                                                   \
    do {                                                                 \
        if (!(run)->failure[0])                                          \
            snprintf((run)->failure, sizeof(run)->failure, __VA_ARGS__); \
    } while (0)

static uint8_t pattern(uint32_t id, size_t at)
{
    return (uint8_t)(id * 31 + at * 7 + (at >> 8));
}

static void send_some(struct side *s)
{
    struct run *run = s->run;
    static uint8_t body[300 << 10];
    while (s->next < s->to_send) {
        uint32_t id = s->next;
        uint32_t h = (uint32_t)((run->seed * 2654435761u + id * 40503u) ^ (id << 7));
        uint16_t stream = (uint16_t)(h % STREAMS);
        bool unordered = run->unordered_allowed && (h >> 8) % 4 == 0;
        uint32_t kind = (h >> 12) % 16;
        size_t len = MESSAGE_HEAD + (kind < 8    ? (h >> 4) % 64
                                     : kind < 12 ? (h >> 4) % 2000
                                     : kind < 15 ? (h >> 4) % 20000
                                                 : (h >> 4) % s->size_limit);
        put_u32be(body, id);
        put_u32be(body + 4, (uint32_t)len);
        put_u32be(body + 8, unordered ? UINT32_MAX : s->sent_seq[stream][0]);
        for (size_t i = MESSAGE_HEAD; i < len; i++)
            body[i] = pattern(id, i);
        struct sctp_outgoing out = {
            .stream = stream,
            .unordered = unordered,
            .ppid = id + 7,
            .head = {body, MESSAGE_HEAD},
            .body = {body + MESSAGE_HEAD, len - MESSAGE_HEAD},
        };
        int error = sctp_assoc_send(s->end->assoc, &out, sim_now_us(run->sim));
        if (error < 0)
            return;
        s->sent_seq[stream][unordered]++;
        s->next++;
    }
}

static void check_memory(struct side *s)
{
    struct sctp_stats stats;
    sctp_assoc_stats(s->end->assoc, &stats);
    if (stats.memory > s->peak_memory)
        s->peak_memory = stats.memory;
    /* Held: window_max, but parts of one message a stream beyond it, with
     * the growth of their buffers. Queued and in flight: the peer's window. */
    size_t parts = 2 * STREAMS * (size_t)(512 << 10);
    if (stats.memory > 2 * WINDOW_MAX + parts + FIXED_MEMORY)
        FAIL(s->run, "memory %zu", stats.memory);
}

static void resume(struct sim *sim, void *arg)
{
    struct side *s = arg;
    sctp_assoc_set_reading(s->end->assoc, true, sim_now_us(sim));
}

static void on_message(void *arg, const struct sctp_message_info *info, struct span m)
{
    struct sim_end *end = arg;
    struct side *s = end->user;
    struct run *run = s->run;
    if (m.len < MESSAGE_HEAD || get_u32be(m.data + 4) != m.len) {
        FAIL(run, "message of %zu bytes", m.len);
        return;
    }
    uint32_t id = get_u32be(m.data);
    uint32_t seq = get_u32be(m.data + 8);
    if (id >= MAX_MESSAGES || s->got[id]++)
        FAIL(run, "message %u twice", id);
    if (info->ppid != id + 7 || info->unordered != (seq == UINT32_MAX))
        FAIL(run, "message %u: ppid %u", id, info->ppid);
    if (!info->unordered && seq != s->got_seq[info->stream]++)
        FAIL(run, "stream %u: message %u out of order", info->stream, seq);
    for (size_t i = MESSAGE_HEAD; i < m.len; i++) {
        if (m.data[i] != pattern(id, i)) {
            FAIL(run, "message %u: byte %zu", id, i);
            break;
        }
    }
    s->got_count++;
    check_memory(s);
    if (run->pauses && sim_random(run->sim, 50) == 0) {
        sctp_assoc_set_reading(end->assoc, false, sim_now_us(run->sim));
        sim_at(run->sim, sim_now_us(run->sim) + sim_random(run->sim, 3000000), resume, s);
    }
}

static void on_connected(void *arg)
{
    struct sim_end *end = arg;
    struct side *s = end->user;
    if (s->connected)
        FAIL(s->run, "connected twice");
    s->connected = true;
}

static void on_writable(void *arg)
{
    struct sim_end *end = arg;
    send_some(end->user);
}

static void on_stream_reset(void *arg, uint16_t stream, enum sctp_reset_side side)
{
    struct sim_end *end = arg;
    struct side *s = end->user;
    if (side == SCTP_RESET_INCOMING)
        s->resets_in |= 1u << stream;
    else if (side == SCTP_RESET_OUTGOING)
        s->resets_out |= 1u << stream;
    else
        FAIL(s->run, "reset refused");
}

static void on_closed(void *arg, enum sctp_close_reason reason)
{
    struct sim_end *end = arg;
    struct side *s = end->user;
    if (s->closed)
        FAIL(s->run, "closed twice");
    s->closed = true;
    s->reason = reason;
}

static bool all_received(void *arg)
{
    const struct run *run = arg;
    return run->failure[0] || run->sides[0].closed || run->sides[1].closed ||
           (run->sides[0].connected && run->sides[1].connected &&
            run->sides[0].got_count == run->sides[1].to_send &&
            run->sides[1].got_count == run->sides[0].to_send);
}

static bool all_reset(void *arg)
{
    const struct run *run = arg;
    for (int i = 0; i < 2; i++) {
        if (run->sides[i].closed)
            return true;
        if (run->sides[i].resets_in != 5 || run->sides[i].resets_out != 5)
            return run->failure[0] != 0;
    }
    return true;
}

static bool all_closed(void *arg)
{
    const struct run *run = arg;
    return run->sides[0].closed && run->sides[1].closed;
}

static void draw_link(struct run *run, struct sim_link *l, bool checksum)
{
    struct sim *sim = run->sim;
    static const uint64_t rates[] = {0, 20000, 125000, 1250000, 12500000, 125000000};
    static const uint32_t losses[] = {0, 0, 1000, 10000, 50000, 150000};
    l->rate = rates[sim_random(sim, 6)];
    l->delay_us = sim_random(sim, 3) == 0 ? sim_random(sim, 200) : sim_random(sim, 200000);
    l->jitter_us = sim_random(sim, 2) ? 0 : sim_random(sim, 30000);
    if (l->rate > 0)
        l->queue_bytes = 4000 + sim_random(sim, 200000);
    l->loss_ppm = losses[sim_random(sim, 6)];
    if (sim_random(sim, 4) == 0) {
        l->burst_ppm = 1000 + sim_random(sim, 3000);
        l->burst_exit_ppm = 50000 + sim_random(sim, 400000);
    }
    if (sim_random(sim, 3) == 0) {
        l->reorder_ppm = sim_random(sim, 100000);
        l->reorder_us = 1 + sim_random(sim, 50000);
    }
    if (sim_random(sim, 4) == 0) {
        l->stall_ppm = sim_random(sim, 20000);
        l->stall_us = 1 + sim_random(sim, 100000);
    }
    l->duplicate_ppm = sim_random(sim, 3) == 0 ? sim_random(sim, 50000) : 0;
    l->corrupt_ppm = checksum && sim_random(sim, 3) == 0 ? sim_random(sim, 20000) : 0;
    l->mtu = sim_random(sim, 3) == 0 ? 504 + sim_random(sim, 1000) : 0;
    l->overhead = 60;
}

/* Another path: as after a change of network. */
static void change_path(struct sim *sim, void *arg)
{
    struct run *run = arg;
    for (int i = 0; i < 2; i++) {
        run->links[i].delay_us = sim_random(sim, 300000);
        run->links[i].mtu = 504 + sim_random(sim, 900); /* may be a black hole */
        if (run->links[i].rate > 0)
            run->links[i].rate = 20000 + sim_random(sim, 2000000);
    }
}

static void draw_config(struct run *run, struct sctp_assoc_config *c)
{
    struct sim *sim = run->sim;
    sctp_assoc_config_init(c);
    c->interleaving = sim_random(sim, 4) != 0;
    c->cc = sim_random(sim, 2) ? SCTP_CC_BBR : SCTP_CC_CUBIC;
    c->first_tsn = sim_random(sim, 2) ? UINT32_MAX - sim_random(sim, 300) : 0;
    c->recv_window = 20000u << sim_random(sim, 8);
    c->recv_window_max = c->recv_window << sim_random(sim, 4);
    if (c->recv_window_max < 128 << 10)
        c->recv_window_max = 128 << 10; /* half a message: less is only slow */
    c->mtu_max = sim_random(sim, 3) == 0 ? 1200 : 504 + sim_random(sim, 10000);
    c->max_message = 300 << 10;
    c->max_retransmit = 30; /* these links are worse than real ones */
    c->heartbeat_us = sim_random(sim, 2) ? 0 : 5 * US_PER_S;
}

/* By a handshake of one or both, or with none. */
static void connect(struct run *run)
{
    uint64_t now_us = sim_now_us(run->sim);
    unsigned how = sim_random(run->sim, 4);
    for (int i = 0; i < 2; i++) {
        struct sctp_assoc *a = run->sides[i].end->assoc;
        uint8_t init[SCTP_INIT_MAX];
        size_t len = sctp_init_encode(&run->sides[1 - i].end->config, init);
        if (how == 3)
            sctp_assoc_connect_with(a, span_of(init, len), 0, now_us);
        else if (i == 0 || how == 2)
            sctp_assoc_connect(a, now_us);
    }
}

static void setup(struct run *run)
{
    static const struct sctp_assoc_handlers handlers = {
        .on_message = on_message,
        .on_connected = on_connected,
        .on_writable = on_writable,
        .on_stream_reset = on_stream_reset,
        .on_closed = on_closed,
    };
    struct sctp_assoc_config configs[2];
    struct sim_link *links[2] = {&run->links[0], &run->links[1]};
    struct sim_end *ends[2];
    bool checksum = sim_random(run->sim, 2);
    for (int i = 0; i < 2; i++) {
        struct side *s = &run->sides[i];
        s->run = run;
        draw_config(run, &configs[i]);
        configs[i].zero_checksum = !checksum && sim_random(run->sim, 4) != 0;
        draw_link(run, links[i], !configs[0].zero_checksum && checksum);
        s->to_send = sim_random(run->sim, 10) == 0 ? 0 : sim_random(run->sim, MAX_MESSAGES);
        s->size_limit = 250 << 10;
    }
    /* A slow link gets little to do, so that a run ends in time. */
    for (int i = 0; i < 2; i++) {
        if ((links[i]->rate > 0 && links[i]->rate < 1000000) || links[i]->loss_ppm > 20000 ||
            links[i]->burst_ppm > 0) {
            run->sides[i].to_send /= 8;
            run->sides[i].size_limit = 40000;
        }
    }
    run->unordered_allowed = sim_random(run->sim, 2);
    run->pauses = sim_random(run->sim, 3) == 0;
    sim_pair(run->sim, configs, &handlers, links, ends);
    for (int i = 0; i < 2; i++) {
        run->sides[i].end = ends[i];
        ends[i]->user = &run->sides[i];
        send_some(&run->sides[i]);
    }
    if (sim_random(run->sim, 4) == 0)
        sim_at(run->sim, sim_now_us(run->sim) + sim_random(run->sim, 3000000), change_path, run);
    connect(run);
}

static uint64_t in_seconds(const struct run *run, uint64_t seconds)
{
    return sim_now_us(run->sim) + seconds * US_PER_S;
}

static void play(struct run *run)
{
    struct side *s = run->sides;
    if (!sim_run(run->sim, in_seconds(run, TIME_LIMIT_S), all_received, run)) {
        FAIL(run, "stalled: %u of %u and %u of %u received", s[1].got_count, s[0].to_send,
             s[0].got_count, s[1].to_send);
        return;
    }
    /* Both ways, as two data channels close. */
    for (int i = 0; i < 2 && !s[0].closed && !s[1].closed; i++) {
        sctp_assoc_set_reading(s[i].end->assoc, true, sim_now_us(run->sim));
        run->pauses = false;
        if (!sctp_assoc_is_connected(s[i].end->assoc))
            continue;
        sctp_assoc_reset_stream(s[i].end->assoc, 0, sim_now_us(run->sim));
        sctp_assoc_reset_stream(s[i].end->assoc, 2, sim_now_us(run->sim));
    }
    if (!sim_run(run->sim, in_seconds(run, 300), all_reset, run))
        FAIL(run, "resets %x %x %x %x", s[0].resets_in, s[0].resets_out, s[1].resets_in,
             s[1].resets_out);
    if (s[0].closed || s[1].closed) {
        FAIL(run, "closed early: %s",
             sctp_close_reason_name(s[0].closed ? s[0].reason : s[1].reason));
        return;
    }
    sctp_assoc_shutdown(s[0].end->assoc, sim_now_us(run->sim));
    if (sim_random(run->sim, 2))
        sctp_assoc_shutdown(s[1].end->assoc, sim_now_us(run->sim));
    if (!sim_run(run->sim, in_seconds(run, 600), all_closed, run))
        FAIL(run, "shutdown stalled");
}

static bool run_seed(uint64_t seed, bool verbose)
{
    struct run *run = xcalloc(1, sizeof *run);
    run->seed = seed;
    run->sim = sim_new(seed);
    setup(run);
    play(run);
    if (run->failure[0])
        fprintf(stderr, "seed %llu: %s; replay: test_sim_torture %llu\n", (unsigned long long)seed,
                run->failure, (unsigned long long)seed);
    if (verbose || run->failure[0]) {
        for (int i = 0; i < 2; i++) {
            struct sctp_stats st;
            struct sim_link *l = &run->links[i];
            sctp_assoc_stats(run->sides[i].end->assoc, &st);
            fprintf(stderr,
                    "  side %d: t=%.3fs sent %u/%u got %u rate %llu delay %llu loss %u burst %u "
                    "mtu %zu | srtt %llu rto %llu cwnd %zu inflight %zu pace %llu mtu %zu rtx %llu "
                    "lost %llu rto# %llu tlp %llu undo %llu mem %zu %s drops %llu/%llu\n",
                    i, (double)sim_now_us(run->sim) / 1e6, run->sides[i].next,
                    run->sides[i].to_send, run->sides[i].got_count, (unsigned long long)l->rate,
                    (unsigned long long)l->delay_us, l->loss_ppm, l->burst_ppm, l->mtu,
                    (unsigned long long)st.srtt_us, (unsigned long long)st.rto_us, st.cwnd,
                    st.in_flight, (unsigned long long)st.pacing_rate, st.mtu,
                    (unsigned long long)st.retransmitted, (unsigned long long)st.lost,
                    (unsigned long long)st.timeouts, (unsigned long long)st.tail_probes,
                    (unsigned long long)st.undone, run->sides[i].peak_memory, st.cc,
                    (unsigned long long)l->dropped_queue, (unsigned long long)l->dropped_random);
        }
    }
    bool ok = !run->failure[0];
    sim_free(run->sim);
    free(run);
    return ok;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : DEFAULT_SEEDS;
    unsigned failures = 0;
    for (uint64_t seed = first; seed < first + count && failures < 10; seed++)
        failures += !run_seed(seed, argc == 2);
    printf("%llu seeds, %u failures\n", (unsigned long long)count, failures);
    return failures > 0;
}
