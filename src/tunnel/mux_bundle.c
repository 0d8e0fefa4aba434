/*
 * What leaves together. With the extension `bundle`, small frames that are
 * written in one turn of the loop wait for its end, which is when SCTP sends
 * anyway; those of one channel are one message then. A frame that is large
 * goes at once, behind what has gathered on its channel.
 *
 * A message costs both ends more than the bytes of a head or an end do.
 */
#include "tunnel/mux_internal.h"

_Static_assert(MUX_CHANNELS_MAX < 64, "a bit for each channel");

static uint64_t bit_of(unsigned channel)
{
    return UINT64_C(1) << channel;
}

void mux_bundle_deinit(struct mux *mux)
{
    for (size_t i = 0; i <= MUX_CHANNELS_MAX; i++) {
        if (mux->bundles[i].data)
            bundle_deinit(&mux->bundles[i]);
    }
}

/* The next turn, and what has no room in this bundle, has another channel. */
static void send(struct mux *mux, unsigned channel, struct span head, struct span body)
{
    mux->handlers.send(channel, head, body, mux->arg);
    mux->messages[channel]++;
    if (channel == mux->turn_channel)
        mux->turn_channel = 0;
}

static bool takes_small(struct mux *mux, unsigned channel)
{
    return mux->handlers.can_send(channel, MUX_SMALL, mux->arg);
}

/* What has gathered on a channel; afterwards that is nothing, unless the
 * channel takes nothing. */
static void send_bundle(struct mux *mux, unsigned channel)
{
    struct bundle *bundle = &mux->bundles[channel];
    if (!takes_small(mux, channel))
        return;
    send(mux, channel, bundle_message(bundle), (struct span){0});
    bundle_clear(bundle);
    mux->bundled &= ~bit_of(channel);
}

bool mux_takes(struct mux *mux, unsigned channel, size_t len)
{
    if (!(mux->bundled & bit_of(channel)) || bundle_has_room(&mux->bundles[channel], len))
        return true;
    send_bundle(mux, channel);
    return !(mux->bundled & bit_of(channel));
}

uint64_t mux_put(struct mux *mux, unsigned channel, struct span head, struct span body)
{
    size_t len = head.len + body.len;
    if (!mux_has(mux, FEATURE_BUNDLE) || len > BUNDLE_FRAME_MAX) {
        send(mux, channel, head, body);
        return mux->messages[channel];
    }
    mux->handlers.end_turn_later(mux->arg); /* another's may have been left over by the last one */
    mux->bundled |= bit_of(channel);
    bundle_add(&mux->bundles[channel], head, body);
    return mux->messages[channel] + 1;
}

/* They take turns, so that what is lost on one holds up little. One that a body
 * fills has none, unless all are. */
unsigned mux_turn_channel(struct mux *mux)
{
    unsigned channel = mux->turn_channel;
    for (unsigned i = 0; i < mux->channels && (channel == 0 || !takes_small(mux, channel)); i++)
        channel = 1 + mux->turns++ % mux->channels;
    mux->turn_channel = channel;
    return channel;
}

void mux_end_turn(struct mux *mux)
{
    for (uint64_t left = mux->bundled; left != 0; left &= left - 1)
        send_bundle(mux, (unsigned)__builtin_ctzll(left));
    if (mux->streams == 0 && mux->bundled == 0)
        mux_bundle_deinit(mux); /* at rest a session needs none of that memory */
}
