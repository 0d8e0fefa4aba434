/*
 * Handshake and liveness: what concerns no stream.
 *
 * Each side pings every 10 s, whatever else it sends, because without `flow`
 * the other side may have stopped reading us: our PING is then the frame that
 * keeps it from giving us up, and a PONG could not be. Silence counts only
 * while we listen; a session whose reading is paused by a slow local reader
 * cannot hear. With `flow` nobody stops reading, so while there is no stream
 * the consumer's PING does for both, and a consumer at rest costs a provider
 * half. With streams it wants a round trip of its own, for the windows.
 *
 * A PONG does not say which PING it answers, but the channel keeps their order:
 * a probe is answered when its own comes, not one that was on its way already.
 *
 * A consumer uses extensions from AGREE on, a provider from sending it on. So
 * whatever arrives on a further channel does so behind the handshake: a
 * consumer opens no stream before AGREE, and a provider answers only what was
 * asked.
 *
 * A provider that has promised what it will agree to spares the consumer that
 * round trip. What the consumer opens meanwhile stays on the first channel for
 * good, where nothing of it overtakes HELLO; the answers come on channels that
 * it knows of by the promise. AGREE must keep it.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "tunnel/mux_internal.h"
#include "tunnel/payload.h"

static void send_ping(struct mux *mux, uint64_t now_us)
{
    mux->pings_out++;
    if (mux->ping_sent_us == 0)
        mux->ping_sent_us = now_us;
    mux->ping_at_us = now_us + MUX_PING_INTERVAL_US;
    mux_send_control(mux, 0, FRAME_PING, 0, (struct span){0});
}

static uint64_t ping_at(const struct mux *mux)
{
    bool is_at_rest = mux->role == MUX_PROVIDER && mux_has(mux, FEATURE_FLOW) && mux->streams == 0;
    uint64_t at_us = mux->pinged_us + MUX_PING_REST_US;
    return is_at_rest && at_us > mux->ping_at_us ? at_us : mux->ping_at_us;
}

static char *encode_agree(const struct mux *mux, unsigned features)
{
    struct agree agree = {
        .version = PROTOCOL_VERSION,
        .means = {features, mux_flow_first_window(mux), MUX_CHANNELS},
    };
    return agree_encode(&agree);
}

char *mux_promise(const struct mux *mux)
{
    assert(mux->role == MUX_PROVIDER);
    return encode_agree(mux, mux->offered);
}

static void use_means(struct mux *mux, const struct session_means *theirs)
{
    mux->features = features_usable(mux->offered & theirs->features);
    if (mux->features & FEATURE_FLOW)
        mux->peer_window = theirs->window;
    if (mux->features & FEATURE_CHANNELS)
        mux->channels = theirs->channels < MUX_CHANNELS ? theirs->channels : MUX_CHANNELS;
}

static void become_eager(struct mux *mux, struct span promise)
{
    struct agree agree;
    if (promise.len == 0 || agree_decode(promise, &agree) < 0 || agree.version != PROTOCOL_VERSION)
        return;
    use_means(mux, &agree.means);
    mux->state = MUX_EAGER;
    mux->handlers.on_ready(mux->arg);
}

void mux_start(struct mux *mux, struct span promise, uint64_t now_us)
{
    assert(mux->state == MUX_STARTING);
    mux->last_heard_us = now_us;
    mux->dead_at_us = now_us + MUX_HELLO_TIMEOUT_US;
    if (mux->role == MUX_PROVIDER)
        return;
    struct hello hello = {
        .min_version = PROTOCOL_VERSION,
        .max_version = PROTOCOL_VERSION,
        .means = {mux->offered, mux_flow_first_window(mux), MUX_CHANNELS},
    };
    char *json = hello_encode(&hello);
    mux_send_control(mux, 0, FRAME_HELLO, 0, span_from_string(json));
    free(json);
    become_eager(mux, promise);
}

/* Whether the means that streams are already opened by are those of AGREE. */
static bool is_kept(const struct mux *mux, const struct session_means *agreed)
{
    bool has_window = !(mux->features & FEATURE_FLOW) || agreed->window >= mux->peer_window;
    bool has_channels = !(mux->features & FEATURE_CHANNELS) || agreed->channels >= mux->channels;
    return features_usable(mux->offered & agreed->features) == mux->features && has_window &&
           has_channels;
}

static void become_ready(struct mux *mux, const struct session_means *theirs, uint64_t now_us)
{
    bool is_first = mux->state == MUX_STARTING;
    if (mux->state == MUX_EAGER && !is_kept(mux, theirs)) {
        mux_die(mux, "the other side agreed to something else than its description says",
                MUX_UNLIKE);
        return;
    }
    if (!is_first && mux->state != MUX_EAGER)
        return;
    if (is_first)
        use_means(mux, theirs);
    mux->state = MUX_READY;
    if (mux->pongs_owed == 0)
        mux->dead_at_us = TIME_NEVER;
    send_ping(mux, now_us);
    if (is_first)
        mux->handlers.on_ready(mux->arg);
}

void mux_on_hello(struct mux *mux, const struct frame *frame, uint64_t now_us)
{
    struct hello hello;
    if (mux->role == MUX_CONSUMER) {
        mux_die(mux, "the other side is a consumer (`tunnel proxy`), as we are", MUX_ALIKE);
        return;
    }
    int error = hello_decode(frame->payload, &hello);
    if (error) {
        mux_note(mux, MUX_NOTE_DROPPED, "dropped a HELLO that is %s",
                 error == -EPROTONOSUPPORT ? "not of httptunnel" : "malformed");
        return;
    }
    if (mux->state != MUX_STARTING) {
        mux_note(mux, MUX_NOTE_DROPPED, "dropped a second HELLO");
        return;
    }
    if (hello.min_version > PROTOCOL_VERSION || hello.max_version < PROTOCOL_VERSION) {
        mux_refuse(mux, "this side speaks version 1 only");
        mux_die(mux, "the other side does not speak version 1", MUX_UNLIKE);
        return;
    }
    char *json = encode_agree(mux, features_usable(mux->offered & hello.means.features));
    mux_send_control(mux, 0, FRAME_AGREE, 0, span_from_string(json));
    free(json);
    become_ready(mux, &hello.means, now_us);
}

void mux_on_agree(struct mux *mux, const struct frame *frame, uint64_t now_us)
{
    struct agree agree;
    if (mux->role == MUX_PROVIDER) {
        mux_die(mux, "the other side is a provider (`tunnel serve`), as we are", MUX_ALIKE);
        return;
    }
    if (agree_decode(frame->payload, &agree) < 0) {
        mux_note(mux, MUX_NOTE_DROPPED, "dropped an AGREE that is malformed");
        return;
    }
    if (agree.version != PROTOCOL_VERSION) {
        mux_die(mux, "the other side agreed to a version that we did not offer", MUX_UNLIKE);
        return;
    }
    become_ready(mux, &agree.means, now_us);
}

static void end_probe(struct mux *mux)
{
    mux->pongs_owed = 0;
    mux->dead_at_us = TIME_NEVER;
    mux->handlers.on_alive(mux->arg);
}

void mux_hear(struct mux *mux, uint64_t now_us)
{
    mux->last_heard_us = now_us;
    if (mux->pongs_owed > 0 && now_us - mux->probed_us >= MUX_FLIGHT_US)
        end_probe(mux);
}

void mux_on_pong(struct mux *mux, uint64_t now_us)
{
    if (mux->pings_out > 0)
        mux->pings_out--;
    if (mux->pongs_owed > 0 && --mux->pongs_owed == 0)
        end_probe(mux);
    if (mux->ping_sent_us == 0)
        return;
    mux->rtt_us = now_us - mux->ping_sent_us;
    mux->ping_sent_us = 0;
    mux->handlers.on_rtt(mux->rtt_us, mux->arg);
}

void mux_probe(struct mux *mux, uint64_t now_us)
{
    if (mux->state != MUX_READY && mux->state != MUX_EAGER)
        return;
    if (mux->paused == 0 && now_us + MUX_PROBE_US < mux->dead_at_us)
        mux->dead_at_us = now_us + MUX_PROBE_US;
    mux->probed_us = now_us;
    mux->pongs_owed = 1; /* to the PING that goes out behind AGREE */
    if (mux->state == MUX_EAGER)
        return;
    send_ping(mux, now_us);
    mux->pongs_owed = mux->pings_out;
}

void mux_wake(struct mux *mux, uint64_t since_us, uint64_t now_us)
{
    if (mux->last_heard_us > since_us)
        mux->last_heard_us = since_us;
    if (mux->state == MUX_READY)
        mux->dead_at_us = TIME_NEVER; /* of a question before the sleep */
    mux_probe(mux, now_us);
}

void mux_refuse(struct mux *mux, const char *text)
{
    mux->has_refused = true;
    if (mux->highest_id > 0) /* else none of its requests was heard, and it may count on that */
        mux_send_control(mux, 0, FRAME_PONG, 0, (struct span){0});
    mux_send_error(mux, 0, 0, STREAM_UNSPECIFIED, text);
    mux_end_turn(mux); /* whoever calls may end the session before this turn has ended */
}

bool mux_has_refused(const struct mux *mux)
{
    return mux->has_refused;
}

uint64_t mux_deadline_us(const struct mux *mux)
{
    if (mux->state == MUX_DEAD)
        return TIME_NEVER;
    uint64_t deadline = mux->dead_at_us;
    if (mux->state == MUX_READY) {
        uint64_t silent_at = mux->last_heard_us + MUX_DEAD_AFTER_US;
        if (silent_at < deadline)
            deadline = silent_at;
        if (ping_at(mux) < deadline)
            deadline = ping_at(mux);
    }
    return deadline;
}

static const char *deadline_text(const struct mux *mux)
{
    if (mux->state == MUX_READY)
        return "the other side went silent";
    if (mux->role == MUX_CONSUMER)
        return "the other side did not answer HELLO; is it a tunnel?";
    return "the other side did not say HELLO; is it a `tunnel proxy`?";
}

/* A consumer says HELLO at once, so a provider that waits for it faces one that
 * waits, too. What is said to that one ends its wait. */
static void die_of_silence(struct mux *mux)
{
    bool is_awaiting_hello = mux->role == MUX_PROVIDER && mux->state == MUX_STARTING;
    const char *text = deadline_text(mux);
    if (is_awaiting_hello)
        mux_refuse(mux, "this is a `tunnel serve`, to which HELLO was not said");
    mux_die(mux, text, is_awaiting_hello ? MUX_PERHAPS_ALIKE : MUX_UNLIKE);
}

void mux_on_deadline(struct mux *mux, uint64_t now_us)
{
    if (mux->paused > 0)
        mux->was_paused = true;
    if (mux->was_paused) {
        /* We have not listened: start counting anew. */
        mux->last_heard_us = now_us;
        mux->was_paused = mux->paused > 0;
        if (mux->state == MUX_READY)
            mux->dead_at_us = TIME_NEVER;
    }
    bool is_silent = mux->state == MUX_READY && now_us >= mux->last_heard_us + MUX_DEAD_AFTER_US;
    if (is_silent || now_us >= mux->dead_at_us) {
        die_of_silence(mux);
        return;
    }
    if (mux->state == MUX_READY && now_us >= ping_at(mux)) {
        mux->pings_out = 0; /* whoever has not answered by now will not */
        send_ping(mux, now_us);
    }
}
