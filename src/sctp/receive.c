/*
 * DATA received, and when and what to acknowledge (RFC 9260 section 6.2). One
 * SACK a batch that brought two packets or more, or anything unusual; a
 * single packet waits up to SACK_DELAY_US for a second, or for data of ours
 * to ride along with. A hole, a duplicate and the immediate bit are unusual.
 *
 * The window is grown by need: when in one round trip half of it was used,
 * or half of it is filled by parts of messages, it could be what holds the
 * peer back, and is doubled.
 */
#include "sctp/assoc.h"

#include <errno.h>

#include "base/bytes.h"

#define ASK_RTT_US (4 * US_PER_S)

static void grow_window(struct sctp_assoc *a)
{
    struct receive *in = &a->in;
    if (in->window < a->config.recv_window_max / 2)
        in->window *= 2;
    else if (in->window < a->config.recv_window_max)
        in->window = a->config.recv_window_max;
}

/* Narrower than this the window is shown as closed, against silly window
 * syndrome (section 6.2.1). */
static const size_t LEAST_WINDOW = 4096;

void receive_init(struct sctp_assoc *a, uint64_t cum)
{
    tsnmap_init(&a->in.map, cum);
    a->in.window = a->config.recv_window;
    a->in.advertised = a->in.window;
}

/* What the window never falls below while the application reads: then what is
 * held are parts of messages, which must get in whole before any can leave. */
static const size_t LEAST_WHILE_READING = 8192;

static size_t window_left(struct sctp_assoc *a)
{
    struct receive *in = &a->in;
    size_t held = in->reasm.held;
    if (in->reasm.reading && held > in->window / 2)
        grow_window(a);
    size_t left = held < in->window ? in->window - held : 0;
    if (in->reasm.reading)
        return left < LEAST_WHILE_READING ? LEAST_WHILE_READING : left;
    return left < LEAST_WINDOW ? 0 : left;
}

/* Who only receives has no samples of the round trip but those of HEARTBEATs,
 * and these wait for silence. A trip that became longer would not be noticed,
 * nor that the window is too narrow for it. So it is asked for now and then
 * while a window that could be wider is in use. */
static void refresh_rtt(struct sctp_assoc *a, size_t bytes, uint64_t now_us)
{
    struct receive *in = &a->in;
    in->unasked_bytes += bytes;
    if (in->unasked_bytes < in->window || in->window >= a->config.recv_window_max)
        return;
    if (now_us - a->last_sent_us < ASK_RTT_US || now_us - a->path.heartbeat_sent_us < ASK_RTT_US)
        return;
    in->unasked_bytes = 0;
    if (a->config.heartbeat_us > 0 && a->path.nonce == 0)
        path_ask(a, now_us);
}

/* Measures what the window's users need, once a round trip. */
static void measure(struct sctp_assoc *a, size_t bytes, uint64_t now_us)
{
    struct receive *in = &a->in;
    in->epoch_bytes += bytes;
    refresh_rtt(a, bytes, now_us);
    uint64_t rtt_us = a->rtt.srtt_us > a->path.rtt_us ? a->rtt.srtt_us : a->path.rtt_us;
    if (rtt_us < US_PER_MS)
        rtt_us = US_PER_MS;
    if (now_us - in->epoch_us < rtt_us)
        return;
    if (in->epoch_bytes >= in->window / 2)
        grow_window(a);
    in->epoch_us = now_us;
    in->epoch_bytes = 0;
}

static void note_duplicate(struct sctp_assoc *a, uint32_t tsn)
{
    struct receive *in = &a->in;
    if (in->duplicate_count < MAX_DUPLICATES)
        in->duplicates[in->duplicate_count++] = tsn;
    in->sack_now = true;
}

static void report_invalid_stream(struct sctp_assoc *a, uint16_t stream)
{
    uint8_t error[CHUNK_HEADER_LEN + PARAM_HEADER_LEN + 4];
    chunk_put_header(error, CHUNK_ERROR, 0, sizeof error);
    param_put_header(error + 4, CAUSE_INVALID_STREAM, PARAM_HEADER_LEN + 4);
    put_u16be(error + 8, stream);
    put_u16be(error + 10, 0);
    output_queue(a, span_of(error, sizeof error));
}

void receive_data(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    struct receive *in = &a->in;
    struct chunk_data d;
    if (chunk_data_decode(c, &d) < 0 || d.interleaved != a->interleaving) {
        close_violated(a, CAUSE_PROTOCOL_VIOLATION);
        return;
    }
    if (d.payload.len == 0) {
        close_violated(a, CAUSE_NO_USER_DATA);
        return;
    }
    uint64_t tsn = serial_extend(in->map.cum, d.tsn);
    in->saw_data = true;
    if (d.flags & DATA_IMMEDIATE)
        in->sack_now = true;
    if (tsnmap_has(&in->map, tsn)) {
        note_duplicate(a, d.tsn);
        return;
    }
    if (tsn - in->map.cum > TSNMAP_MAX_AHEAD) {
        in->sack_now = true;
        return;
    }
    if (d.stream >= a->in_streams) {
        report_invalid_stream(a, d.stream); /* but it counts as received */
    } else {
        /* The lowest missing TSN is taken in always, since all else waits for
         * it; but not for an application that does not read. */
        bool always = tsn == in->map.cum + 1 && in->reasm.reading;
        size_t limit = always ? SIZE_MAX : in->window;
        int error = reasm_add(&in->reasm, tsn, &d, limit);
        if (error == -ENOBUFS) {
            in->sack_now = true; /* tells the closed window */
            return;
        }
        if (error < 0) {
            close_violated(a, CAUSE_PROTOCOL_VIOLATION);
            return;
        }
    }
    tsnmap_add(&in->map, tsn);
    a->stats.received_bytes += d.payload.len;
    measure(a, d.payload.len, now_us);
}

void receive_packet_end(struct sctp_assoc *a, uint64_t now_us)
{
    struct receive *in = &a->in;
    if (!in->saw_data)
        return;
    in->saw_data = false;
    in->packets_unacked++;
    if (in->map.highest != in->map.cum)
        in->sack_now = true;
    if (in->packets_unacked == 1)
        assoc_arm(a, TIMER_SACK, now_us + SACK_DELAY_US);
    if (a->state == ASSOC_SHUTDOWN_SENT)
        a->shutdown_due = true; /* section 9.2: with each SACK */
    if (a->reconfig.in_progress)
        reconfig_on_progress(a);
    a->is_due = true;
}

bool receive_wants_sack(const struct sctp_assoc *a)
{
    return a->in.sack_now || a->in.packets_unacked >= 2;
}

void receive_window_opened(struct sctp_assoc *a)
{
    size_t left = window_left(a);
    if (left > 0 && (a->in.advertised == 0 || left > 2 * a->in.advertised)) {
        a->in.sack_now = true;
        a->is_due = true;
    }
}

void receive_write_sack(struct sctp_assoc *a, uint64_t now_us)
{
    struct receive *in = &a->in;
    (void)now_us;
    struct tsn_gap gaps[MAX_GAPS];
    size_t fits = (a->mtu - SCTP_HEADER_LEN - SACK_HEADER_LEN) / 4 - MAX_DUPLICATES;
    size_t gap_count = 0;
    if (in->map.highest != in->map.cum)
        gap_count = tsnmap_gaps(&in->map, gaps, fits < MAX_GAPS ? fits : MAX_GAPS);
    size_t len = SACK_HEADER_LEN + 4 * (gap_count + in->duplicate_count);
    uint8_t *p = output_chunk(a, len);
    chunk_put_header(p, CHUNK_SACK, 0, len);
    put_u32be(p + 4, (uint32_t)in->map.cum);
    in->advertised = window_left(a);
    put_u32be(p + 8, (uint32_t)in->advertised);
    put_u16be(p + 12, (uint16_t)gap_count);
    put_u16be(p + 14, (uint16_t)in->duplicate_count);
    p += SACK_HEADER_LEN;
    for (size_t i = 0; i < gap_count; i++, p += 4) {
        put_u16be(p, gaps[i].start);
        put_u16be(p + 2, gaps[i].end);
    }
    for (size_t i = 0; i < in->duplicate_count; i++, p += 4)
        put_u32be(p, in->duplicates[i]);
    in->duplicate_count = 0;
    in->packets_unacked = 0;
    in->sack_now = false;
    assoc_disarm(a, TIMER_SACK);
}

/*
 *   FORWARD-TSN                          I-FORWARD-TSN
 *   | new cumulative TSN          |      | new cumulative TSN          |
 *   | stream     | sequence       | …    | stream     | reserved     |U| …
 *                                        | message id                  |
 */
void receive_forward(struct sctp_assoc *a, const struct chunk *c, uint64_t now_us)
{
    struct receive *in = &a->in;
    bool interleaved = c->type == CHUNK_I_FORWARD_TSN;
    if (c->value.len < 4 || interleaved != a->interleaving) {
        close_violated(a, CAUSE_PROTOCOL_VIOLATION);
        return;
    }
    uint64_t cum = serial_extend(in->map.cum, get_u32be(c->value.data));
    in->saw_data = true;
    in->sack_now = true;
    if (cum <= in->map.cum || cum - in->map.cum > TSNMAP_MAX_AHEAD)
        return;
    tsnmap_forward(&in->map, cum);
    reasm_forward(&in->reasm, cum);
    size_t size = interleaved ? 8 : 4;
    for (struct span rest = span_skip(c->value, 4); rest.len >= size;
         rest = span_skip(rest, size)) {
        uint16_t second = get_u16be(rest.data + 2);
        if (interleaved)
            reasm_skip(&in->reasm, get_u16be(rest.data), (second & 1) != 0,
                       get_u32be(rest.data + 4));
        else
            reasm_skip(&in->reasm, get_u16be(rest.data), false, second);
    }
    (void)now_us;
}
