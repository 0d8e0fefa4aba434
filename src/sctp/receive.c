/*
 * When and what to acknowledge (RFC 9260 section 6.2). One SACK a batch that
 * brought two packets or more, or anything unusual; a single packet waits for
 * a second, or for data of ours to ride along with. A hole, a duplicate and
 * the immediate bit are unusual.
 *
 * The window is grown by need: when in one round trip half of it was used,
 * or half of it is filled by parts of messages, it could be what holds the
 * peer back, and is doubled.
 */
#include "sctp/receive.h"

#include <errno.h>

#include "base/bytes.h"

/* Of silence before a round trip is asked for. */
#define ASK_RTT_US (4 * US_PER_S)

/* Narrower than this the window is shown as closed, against silly window
 * syndrome (section 6.2.1). */
static const size_t LEAST_WINDOW = 4096;

/* What the window never falls below while the application reads: then what is
 * held are parts of messages, which must get in whole before any can leave. */
static const size_t LEAST_WHILE_READING = 8192;

/* With what it costs to hold parts, and those that have to get in. */
static size_t held_most(size_t window, size_t max_message)
{
    return 2 * window + MAX_PARTS * max_message;
}

void receive_init(struct receive *in, const struct sctp_assoc_config *config,
                  const struct inbox_handlers *handlers, void *arg)
{
    bool grows = config->recv_window_max > config->recv_window;
    size_t most = grows ? config->recv_window_max - config->recv_window : 0;
    *in = (struct receive){
        .window = config->recv_window,
        .extra = {config->received, most, 0},
        .advertised = config->recv_window,
    };
    reasm_init(&in->reasm, config->max_message, held_most(config->recv_window, config->max_message),
               handlers, arg);
}

void receive_deinit(struct receive *in)
{
    reasm_deinit(&in->reasm);
    tsnmap_deinit(&in->map);
    budget_give(&in->extra, in->extra.used);
}

void receive_trim(struct receive *in)
{
    if (in->map.highest == in->map.cum)
        tsnmap_deinit(&in->map);
}

size_t receive_memory(const struct receive *in)
{
    return reasm_memory(&in->reasm) + in->map.words * sizeof *in->map.bits;
}

void receive_start(struct receive *in, uint64_t cum, size_t streams, bool interleaved,
                   uint64_t now_us)
{
    reasm_start(&in->reasm, streams, interleaved);
    tsnmap_init(&in->map, cum);
    in->epoch_us = now_us;
}

static void grow_window(struct receive *in)
{
    size_t left = in->extra.most - in->extra.used;
    size_t more = in->window < left ? in->window : left;
    if (more == 0 || !budget_take(&in->extra, more))
        return;
    in->window += more;
    in->reasm.max_held = held_most(in->window, in->reasm.pool.max_message);
}

static size_t window_left(struct receive *in)
{
    size_t held = reasm_held(&in->reasm);
    if (in->reasm.inbox.reading && held > in->window / 2)
        grow_window(in);
    size_t left = held < in->window ? in->window - held : 0;
    if (in->reasm.inbox.reading)
        return left < LEAST_WHILE_READING ? LEAST_WHILE_READING : left;
    return left < LEAST_WINDOW ? 0 : left;
}

/* Who only receives has no samples of the round trip but those of HEARTBEATs,
 * and these wait for silence. A trip that became longer would not be noticed,
 * nor that the window is too narrow for it. So it is asked for now and then
 * while a window that could be wider is in use. */
static bool wants_rtt(struct receive *in, size_t bytes, uint64_t quiet_us)
{
    in->unasked_bytes += bytes;
    if (in->unasked_bytes < in->window || in->extra.used >= in->extra.most || quiet_us < ASK_RTT_US)
        return false;
    in->unasked_bytes = 0;
    return true;
}

bool receive_measure(struct receive *in, size_t bytes, uint64_t rtt_us, uint64_t quiet_us,
                     uint64_t now_us)
{
    in->epoch_bytes += bytes;
    bool asks = wants_rtt(in, bytes, quiet_us);
    if (now_us - in->epoch_us >= (rtt_us < US_PER_MS ? US_PER_MS : rtt_us)) {
        if (in->epoch_bytes >= in->window / 2)
            grow_window(in);
        in->epoch_us = now_us;
        in->epoch_bytes = 0;
    }
    return asks;
}

static void note_duplicate(struct receive *in, uint32_t tsn)
{
    if (in->duplicate_count < MAX_DUPLICATES)
        in->duplicates[in->duplicate_count++] = tsn;
    in->sack_now = true;
}

static enum receive_verdict take(struct receive *in, const struct chunk_data *d, uint64_t tsn)
{
    /* The lowest missing TSN is taken in always, since all else waits for it;
     * but not for an application that does not read. */
    bool always = tsn == in->map.cum + 1 && in->reasm.inbox.reading;
    int error = reasm_add(&in->reasm, tsn, d, always ? SIZE_MAX : in->window);
    if (error == -ENOBUFS) {
        in->sack_now = true; /* tells the closed window */
        return RECEIVE_IGNORED;
    }
    return error < 0 ? RECEIVE_VIOLATES : RECEIVE_TAKEN;
}

enum receive_verdict receive_data(struct receive *in, const struct chunk_data *d)
{
    if (d->interleaved != in->reasm.pool.interleaved)
        return RECEIVE_VIOLATES;
    if (d->payload.len == 0)
        return RECEIVE_EMPTY;
    uint64_t tsn = serial_extend(in->map.cum, d->tsn);
    in->saw_data = true;
    if (d->flags & DATA_IMMEDIATE)
        in->sack_now = true;
    if (tsnmap_has(&in->map, tsn)) {
        note_duplicate(in, d->tsn);
        return RECEIVE_IGNORED;
    }
    if (tsn - in->map.cum > TSNMAP_MAX_AHEAD) {
        in->sack_now = true;
        return RECEIVE_IGNORED;
    }
    enum receive_verdict verdict =
        d->stream < in->reasm.streams.count ? take(in, d, tsn) : RECEIVE_NO_STREAM;
    if (verdict == RECEIVE_TAKEN || verdict == RECEIVE_NO_STREAM)
        tsnmap_add(&in->map, tsn);
    return verdict;
}

/*
 *   FORWARD-TSN                          I-FORWARD-TSN
 *   | new cumulative TSN          |      | new cumulative TSN          |
 *   | stream     | sequence       | …    | stream     | reserved     |U| …
 *                                        | message id                  |
 */
enum receive_verdict receive_forward(struct receive *in, const struct chunk *c)
{
    bool interleaved = c->type == CHUNK_I_FORWARD_TSN;
    if (c->value.len < 4 || interleaved != in->reasm.pool.interleaved)
        return RECEIVE_VIOLATES;
    uint64_t cum = serial_extend(in->map.cum, get_u32be(c->value.data));
    in->saw_data = true;
    in->sack_now = true;
    if (cum <= in->map.cum || cum - in->map.cum > TSNMAP_MAX_AHEAD)
        return RECEIVE_TAKEN;
    tsnmap_forward(&in->map, cum);
    reasm_forward(&in->reasm, cum);
    size_t size = interleaved ? 8 : 4;
    for (struct span rest = span_skip(c->value, 4); rest.len >= size;
         rest = span_skip(rest, size)) {
        uint16_t stream = get_u16be(rest.data);
        uint16_t second = get_u16be(rest.data + 2);
        if (interleaved)
            reasm_skip(&in->reasm, stream, (second & 1) != 0, get_u32be(rest.data + 4));
        else
            reasm_skip(&in->reasm, stream, false, second);
    }
    return RECEIVE_TAKEN;
}

bool receive_packet_end(struct receive *in, uint64_t now_us)
{
    if (!in->saw_data)
        return false;
    in->saw_data = false;
    in->packets_unacked++;
    bool has_hole = in->map.highest != in->map.cum;
    if (has_hole)
        in->sack_now = true;
    if (has_hole || in->duplicate_count > 0)
        in->lossy_until_us = now_us + LOSSY_US;
    return true;
}

bool receive_is_full(const struct receive *in)
{
    return !in->reasm.inbox.reading && reasm_held(&in->reasm) >= in->window;
}

bool receive_wants_sack(const struct receive *in)
{
    return in->sack_now || in->packets_unacked >= 2;
}

void receive_want_sack(struct receive *in)
{
    in->sack_now = true;
}

bool receive_window_opened(struct receive *in)
{
    size_t left = window_left(in);
    if (left == 0 || (in->advertised != 0 && left <= 2 * in->advertised))
        return false;
    in->sack_now = true;
    return true;
}

/* How many blocks fit a packet beside the most duplicates that there may be. */
static size_t gaps_max(size_t mtu)
{
    size_t fits = (mtu - SCTP_HEADER_LEN - SACK_HEADER_LEN) / 4 - MAX_DUPLICATES;
    return fits < MAX_GAPS ? fits : MAX_GAPS;
}

bool receive_write_sack(struct receive *in, struct output *out, uint64_t now_us)
{
    struct tsn_gap gaps[MAX_GAPS];
    size_t gap_count = 0;
    if (in->map.highest != in->map.cum)
        gap_count = tsnmap_gaps(&in->map, gaps, gaps_max(out->mtu));
    size_t len = SACK_HEADER_LEN + 4 * (gap_count + in->duplicate_count);
    uint8_t *p = output_chunk(out, len);
    in->advertised = window_left(in);
    chunk_put_header(p, CHUNK_SACK, 0, len);
    put_u32be(p + 4, (uint32_t)in->map.cum);
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
    bool is_news = in->packets_unacked > 0;
    in->duplicate_count = 0;
    in->packets_unacked = 0;
    in->sack_now = false;
    return is_news && now_us < in->lossy_until_us;
}
