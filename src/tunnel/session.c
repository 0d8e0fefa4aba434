/*
 * Connects the two: messages of the peer feed the mux, frames of the mux go
 * to the peer.
 *
 * session_close() detaches at once and frees in a later turn, as the peer does:
 * it may run under a callback of the very mux that it ends.
 */
#include "tunnel/session.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "net/deadline.h"
#include "net/wake_watch.h"

struct session {
    struct loop *loop;
    struct peer *peer;
    struct mux *mux;
    char *promise; /* of a provider: what it agrees to, for its descriptions */
    struct deadline *deadline;
    struct wake_watch *wake;
    const struct session_handlers *handlers;
    void *arg;
    uint64_t rtt_us;
    uint64_t ready_at_us; /* 0: not yet */
    bool is_reading;      /* as the mux wants it */
    bool is_held;
    int send_error; /* a frame was lost: the session ends in the next turn */
    bool is_closed; /* on_closed was called, or session_close() was */
};

static void report_closed(struct session *s, const char *text, enum mux_likeness likeness)
{
    if (s->is_closed)
        return;
    s->is_closed = true;
    s->handlers->on_closed(s, text, likeness, s->arg);
}

/* --- from the mux --------------------------------------------------------- */

static void on_send(unsigned channel, struct span head, struct span body, void *arg)
{
    struct session *s = arg;
    int error = peer_send(s->peer, channel, head, body);
    if (!error || s->send_error)
        return;
    /* A body without this frame would be wrong and look right. */
    log_warn("session: a frame of %zu bytes cannot be sent: %s", head.len + body.len,
             strerror(-error));
    s->send_error = error;
    deadline_touch(s->deadline);
}

/* What is small goes beside a full queue where its channel has none of it:
 * SCTP sends that first. */
static bool on_can_send(unsigned channel, enum mux_urgency urgency, void *arg)
{
    struct session *s = arg;
    if (s->is_closed || s->send_error)
        return false;
    return peer_is_writable(s->peer) ||
           (urgency == MUX_SMALL && peer_is_channel_idle(s->peer, channel));
}

static size_t on_room(void *arg)
{
    const struct session *s = arg;
    return s->is_closed || s->send_error ? 0 : peer_room(s->peer);
}

static void on_end_turn_later(void *arg)
{
    struct session *s = arg;
    peer_end_turn_later(s->peer);
}

static size_t on_unsent(unsigned channel, void *arg)
{
    const struct session *s = arg;
    return peer_unsent(s->peer, channel);
}

static void set_reading(struct session *s)
{
    if (!s->is_closed)
        peer_set_reading(s->peer, s->is_reading && !s->is_held);
}

static void on_reading(bool reading, void *arg)
{
    struct session *s = arg;
    s->is_reading = reading;
    set_reading(s);
}

static void on_ready(void *arg)
{
    struct session *s = arg;
    log_debug("session: requests may go");
    s->ready_at_us = clock_now_us();
    s->handlers->on_ready(s, s->arg);
}

static void on_rtt(uint64_t rtt_us, void *arg)
{
    struct session *s = arg;
    bool is_first = s->rtt_us == 0;
    s->rtt_us = rtt_us ? rtt_us : 1;
    s->handlers->on_rtt(s, is_first, s->arg);
}

static void on_alive(void *arg)
{
    struct session *s = arg;
    s->handlers->on_alive(s, s->arg);
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    struct session *s = arg;
    s->handlers->on_request(stream, head, s->arg);
}

static void on_stream_closed(size_t streams, void *arg)
{
    struct session *s = arg;
    log_debug("session: %zu streams are open", streams);
    if (streams > 0)
        return;
    loop_trim(s->loop);
    if (!s->is_closed)
        s->handlers->on_idle(s, s->arg);
}

static void on_dead(const char *text, enum mux_likeness likeness, void *arg)
{
    report_closed(arg, text, likeness);
}

static void on_note(enum mux_note kind, const char *text, void *arg)
{
    static const enum log_level levels[] = {
        [MUX_NOTE_LATE] = LOG_DEBUG,
        [MUX_NOTE_DROPPED] = LOG_INFO,
        [MUX_NOTE_LOST] = LOG_WARN,
    };
    (void)arg;
    log_write(levels[kind], "session: %s", text);
}

static const struct mux_handlers mux_handlers = {
    .send = on_send,
    .can_send = on_can_send,
    .room = on_room,
    .end_turn_later = on_end_turn_later,
    .on_reading = on_reading,
    .on_ready = on_ready,
    .on_rtt = on_rtt,
    .on_alive = on_alive,
    .on_request = on_request,
    .on_stream_closed = on_stream_closed,
    .on_dead = on_dead,
    .on_note = on_note,
    .unsent = on_unsent,
};

/* --- from the peer -------------------------------------------------------- */

static void on_description(enum sdp_type type, const char *sdp, void *arg)
{
    struct session *s = arg;
    s->handlers->on_description(s, type, sdp, s->arg);
}

static void on_candidate(const char *candidate_json, void *arg)
{
    struct session *s = arg;
    s->handlers->on_candidate(s, candidate_json, s->arg);
}

static void on_state(enum peer_state state, void *arg)
{
    (void)arg;
    log_debug("session: peer is %s", peer_state_name(state));
}

static void on_open(void *arg)
{
    struct session *s = arg;
    mux_start(s->mux, peer_remote_promise(s->peer), loop_now_us(s->loop));
    deadline_touch(s->deadline);
}

static void on_message(unsigned channel, struct span message, void *arg)
{
    struct session *s = arg;
    mux_feed(s->mux, channel, message, loop_now_us(s->loop));
    deadline_touch(s->deadline);
}

static void on_writable(void *arg)
{
    struct session *s = arg;
    mux_flush(s->mux);
}

static void on_turn_end(void *arg)
{
    struct session *s = arg;
    mux_end_turn(s->mux);
}

static void on_relay(struct span datagram, void *arg)
{
    struct session *s = arg;
    s->handlers->on_relay(s, datagram, s->arg);
}

static void on_path(enum peer_path_state state, void *arg)
{
    struct session *s = arg;
    if (!s->is_closed)
        s->handlers->on_path(s, state, s->arg);
}

static void on_close(const char *text, void *arg)
{
    report_closed(arg, text, MUX_UNLIKE);
}

static const struct peer_handlers peer_handlers = {
    .on_description = on_description,
    .on_candidate = on_candidate,
    .on_state = on_state,
    .on_open = on_open,
    .on_message = on_message,
    .on_writable = on_writable,
    .on_turn_end = on_turn_end,
    .on_relay = on_relay,
    .on_path = on_path,
    .on_close = on_close,
};

/* --- the session ---------------------------------------------------------- */

static uint64_t next_us(void *arg)
{
    const struct session *s = arg;
    if (s->is_closed)
        return TIME_NEVER;
    return s->send_error ? 0 : mux_deadline_us(s->mux);
}

static void on_due(void *arg)
{
    struct session *s = arg;
    if (s->send_error)
        report_closed(s,
                      s->send_error == -EMSGSIZE ? "the other side takes no frames of 64 KiB"
                                                 : "a frame could not be sent",
                      MUX_UNLIKE);
    else
        mux_on_deadline(s->mux, loop_now_us(s->loop));
}

static void on_wake(uint64_t since_us, void *arg)
{
    struct session *s = arg;
    if (s->is_closed)
        return;
    uint64_t now_us = loop_now_us(s->loop);
    mux_wake(s->mux, since_us, now_us);
    mux_on_deadline(s->mux, now_us); /* before a request comes that it would lose */
    deadline_touch(s->deadline);
    if (!s->is_closed)
        s->handlers->on_wake(s, s->arg);
}

struct session *session_new(struct loop *loop, enum mux_role role, unsigned features,
                            const struct peer_config *config,
                            const struct session_handlers *handlers, void *arg)
{
    struct session *s = xcalloc(1, sizeof *s);
    s->loop = loop;
    s->handlers = handlers;
    s->arg = arg;
    s->is_reading = true;
    s->mux = mux_new(role, features, &mux_handlers, s);
    s->deadline = deadline_new_touched(loop, next_us, on_due, s);
    s->wake = wake_watch_new(loop, on_wake, s);
    struct peer_config promising = *config;
    promising.promise = s->promise = role == MUX_PROVIDER ? mux_promise(s->mux) : NULL;
    s->peer = peer_new(loop, &promising, &peer_handlers, s);
    return s;
}

static void free_session(void *arg)
{
    struct session *s = arg;
    loop_trim(s->loop);
    mux_free(s->mux);
    free(s->promise);
    free(s);
}

static void log_stats(const struct session *s)
{
    struct session_stats stats;
    session_stats(s, &stats);
    const struct peer_stats *peer = &stats.peer;
    log_debug("session: over after %llu s: %llu bytes out, %llu in; %llu packets out, %llu in; "
              "%llu chunks lost, %llu sent again, %llu timeouts",
              (unsigned long long)(stats.ready_us / US_PER_S), (unsigned long long)peer->sent_bytes,
              (unsigned long long)peer->received_bytes, (unsigned long long)peer->sent_packets,
              (unsigned long long)peer->received_packets, (unsigned long long)peer->lost_chunks,
              (unsigned long long)peer->retransmitted_chunks, (unsigned long long)peer->timeouts);
}

void session_close(struct session *s, const char *text)
{
    if (log_is_enabled(LOG_DEBUG))
        log_stats(s);
    mux_end_turn(s->mux);
    s->is_closed = true;
    peer_close(s->peer); /* what leaves with its end is known behind that */
    mux_fail(s->mux, text);
    deadline_free(s->deadline);
    s->deadline = NULL;
    wake_watch_free(s->wake);
    loop_defer(s->loop, free_session, s);
}

struct peer *session_peer(struct session *s)
{
    return s->peer;
}

struct mux *session_mux(struct session *s)
{
    return s->mux;
}

uint64_t session_rtt_us(const struct session *s)
{
    return s->rtt_us;
}

void session_stats(const struct session *s, struct session_stats *out)
{
    *out = (struct session_stats){
        .ready_us = s->ready_at_us > 0 ? clock_now_us() - s->ready_at_us : 0,
        .rtt_us = s->rtt_us,
        .streams = mux_stream_count(s->mux),
    };
    peer_stats(s->peer, &out->peer);
}

void session_probe(struct session *s)
{
    mux_probe(s->mux, loop_now_us(s->loop));
    deadline_touch(s->deadline);
}

void session_set_held(struct session *s, bool is_held)
{
    s->is_held = is_held;
    set_reading(s);
}

void session_refuse(struct session *s, const char *text)
{
    mux_refuse(s->mux, text);
}
