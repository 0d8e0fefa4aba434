/*
 * Credit: how much of a body may be on its way or held, stream by stream.
 *
 *   sender ── body ──► receiver ──► its local reader
 *     ▲ credit               │ held
 *     └───── WINDOW ─────────┘
 *
 *   granted (the sender may still send it) + held (here, not taken) <= window
 *
 * The receiver grants again once half a window is free, so that a WINDOW is
 * on its way long before the sender runs dry, and costs nothing beside what it
 * grants. A reader that takes nothing is granted nothing: what it can make us
 * hold is one window.
 *
 * A window is too small when it is used up before a WINDOW can come back; then
 * it doubles. In the end it is three to five times what is under way in a round
 * trip. One that lasts for many is halved, which gives back what a fast reader
 * once needed. What all windows have over their first size is bounded for the
 * session.
 *
 * Without the extension there is only one thing to do about a slow reader: not
 * to read the channel, which stops everybody. So one may lag far behind before
 * that.
 */
#include "base/bytes.h"
#include "tunnel/mux_internal.h"

enum {
    /* First windows: what each of MUX_STREAMS_MAX streams may make us hold. A
     * consumer's is most of an ordinary response; with chunk heads around them
     * its bytes fit a buffer of 256 KiB. A provider's is the least that cannot
     * stall (see grant()): its streams are a stranger's, who could open all of
     * them and send bodies that the upstream does not read. */
    CONSUMER_WINDOW = 240 << 10,
    PROVIDER_WINDOW = 2 * MUX_HELD_LOW,
    /* 200 Mbit/s over 300 ms, twice. */
    WINDOW_MAX = 16 << 20,
    /* Over all first windows: a peer and clients that read fast, and then not
     * at all, would fill WINDOW_MAX for each stream. */
    EXTRA_WINDOW_MAX = 64 << 20,
    /* A reader looks fast for as long as its socket takes all, which may be
     * megabytes. Those that have shown no more than that share a part: a
     * thousand slow ones would else leave nothing to one that is fast. */
    UNPROVEN_EXTRA_MAX = EXTRA_WINDOW_MAX / 4,
    PROVEN_BYTES = 8 << 20,
    CREDIT_MAX = INT32_MAX,
    /* Without flow: what one stream and all of a session hold when the channel
     * stops. */
    HELD_MAX = 16 << 20,
    SESSION_HELD_MAX = 64 << 20,
    IDLE_ROUND_TRIPS = 32
};
/* Beside the path's round trip: what SCTP has queued, and a turn of the loop at
 * each end. */
#define LOCAL_DELAY_US (10 * US_PER_MS)
#define TOOK_MOST_US   (3600 * US_PER_S) /* keeps products small */

_Static_assert(CONSUMER_WINDOW >= 2 * MUX_HELD_LOW, "grant() could stall");

static bool has_flow(const struct mux *mux)
{
    return (mux->features & FEATURE_FLOW) != 0;
}

uint32_t mux_flow_first_window(const struct mux *mux)
{
    return mux->role == MUX_CONSUMER ? CONSUMER_WINDOW : PROVIDER_WINDOW;
}

void mux_flow_open(struct mux_stream *stream)
{
    stream->credit = stream->mux->peer_window;
    stream->window = stream->granted = mux_flow_first_window(stream->mux);
}

/* --- sending -------------------------------------------------------------- */

size_t mux_flow_credit(const struct mux_stream *stream)
{
    return has_flow(stream->mux) ? stream->credit : SIZE_MAX;
}

void mux_flow_spend(struct mux_stream *stream, size_t bytes)
{
    if (has_flow(stream->mux))
        stream->credit -= (uint32_t)bytes;
}

bool mux_flow_add_credit(struct mux_stream *stream, struct span payload)
{
    uint32_t increment = payload.len == 4 ? get_u32be(payload.data) : 0;
    if (increment == 0 || increment > CREDIT_MAX || stream->credit > CREDIT_MAX - increment)
        return false;
    stream->credit += increment;
    return true;
}

/* --- receiving ------------------------------------------------------------ */

bool mux_flow_receive(struct mux_stream *stream, size_t bytes, uint64_t now_us)
{
    if (!has_flow(stream->mux))
        return true;
    if (bytes > stream->granted)
        return false;
    stream->granted -= (uint32_t)bytes;
    stream->received_bytes += bytes;
    if (stream->granted_at_us == 0)
        stream->granted_at_us = now_us;
    return true;
}

/* What is more is taken from what all consumers of a provider share. */
static bool take_extra(const struct mux *mux, size_t bytes)
{
    return !mux->consumer || budget_take(&mux->consumer->windows, bytes);
}

/* To a lesser one, or to one for which take_extra() was asked. */
static void set_window(struct mux_stream *stream, uint32_t window)
{
    struct mux *mux = stream->mux;
    if (mux->consumer && window < stream->window)
        budget_give(&mux->consumer->windows, stream->window - window);
    mux->extra_window += window;
    mux->extra_window -= stream->window;
    stream->window = window;
}

/* So much of a window was used up since the last grant: how long does a whole
 * one last? Each half is granted again when it has come, so a sender that the
 * window holds up gets one half a round trip: the whole lasts two. */
static void tune(struct mux_stream *stream, uint32_t used_up, uint64_t now_us)
{
    const struct mux *mux = stream->mux;
    uint32_t window = stream->window;
    uint32_t least = mux_flow_first_window(mux);
    uint64_t took_us = now_us - stream->granted_at_us;
    uint64_t round_trip_us = mux->rtt_us + LOCAL_DELAY_US;
    if (took_us > TOOK_MOST_US)
        took_us = TOOK_MOST_US;
    uint64_t lasts_us = took_us * window / used_up;
    if (lasts_us < round_trip_us * 5 / 2) {
        bool is_proven = stream->received_bytes >= PROVEN_BYTES;
        size_t most = is_proven ? EXTRA_WINDOW_MAX : UNPROVEN_EXTRA_MAX;
        if (mux->extra_window + window <= most && window <= WINDOW_MAX / 2 &&
            take_extra(mux, window))
            set_window(stream, window * 2);
    } else if (lasts_us > IDLE_ROUND_TRIPS * round_trip_us) {
        set_window(stream, window / 2 > least ? window / 2 : least);
    }
}

/* What a stream holds is known to be below MUX_HELD_LOW when it says
 * nothing more: half of every window is larger, so with nothing granted this
 * always finds that it is time. */
static uint32_t grant(struct mux_stream *stream, uint64_t now_us)
{
    size_t used = stream->held + stream->granted;
    if (used > stream->window / 2)
        return 0;
    tune(stream, stream->window - (uint32_t)used, now_us);
    if (used >= stream->window)
        return 0;
    uint32_t increment = stream->window - (uint32_t)used;
    stream->granted += increment;
    stream->granted_at_us = now_us;
    return increment;
}

/* Counts who stops the channel: streams, and the session as a whole. */
static void set_paused(struct mux *mux, bool *is_paused, bool wants)
{
    if (*is_paused == wants)
        return;
    *is_paused = wants;
    if (wants ? mux->paused++ == 0 : --mux->paused == 0)
        mux->handlers.on_reading(!wants, mux->arg);
}

static void set_held(struct mux_stream *stream, size_t held)
{
    struct mux *mux = stream->mux;
    mux->held += held;
    mux->held -= stream->held;
    stream->held = held;
}

static void pause_by_held(struct mux_stream *stream)
{
    struct mux *mux = stream->mux;
    if (stream->held > HELD_MAX)
        set_paused(mux, &stream->is_paused, true);
    else if (stream->held <= MUX_HELD_LOW)
        set_paused(mux, &stream->is_paused, false);
    set_paused(mux, &mux->is_full, mux->held > SESSION_HELD_MAX);
}

uint32_t mux_flow_hold(struct mux_stream *stream, size_t held, uint64_t now_us)
{
    set_held(stream, held);
    if (has_flow(stream->mux))
        return stream->received != HALF_ENDED && !stream->is_detached ? grant(stream, now_us) : 0;
    pause_by_held(stream);
    return 0;
}

void mux_flow_close(struct mux_stream *stream)
{
    set_held(stream, 0);
    if (!has_flow(stream->mux))
        pause_by_held(stream);
    set_window(stream, mux_flow_first_window(stream->mux));
}
