/*
 * A reader that knows how much is left, and a writer into a place that is large
 * enough for all that has a fixed length.
 */
#include "signal/cluster/envelope.h"

#include <string.h>

#include "base/bytes.h"

enum { VERSION = 1, ENTER_LEN = 8 + 1 + UUID_TEXT_LEN + ENVELOPE_ID_LEN };

enum { IS_FIRST = 1, HAS_KEY = 2, IS_PROVIDER = 4, IS_CONSUMER = 8 };

static bool has_text(enum envelope_kind kind)
{
    return kind == ENVELOPE_SAID || kind == ENVELOPE_TELL || kind == ENVELOPE_PASS;
}

static uint8_t flags_of(const struct envelope *e)
{
    return (uint8_t)((e->is_first ? IS_FIRST : 0) | (e->has_key ? HAS_KEY : 0) |
                     (e->job == SIGNAL_JOB_PROVIDER ? IS_PROVIDER : 0) |
                     (e->job == SIGNAL_JOB_CONSUMER ? IS_CONSUMER : 0));
}

size_t envelope_encode(const struct envelope *e, uint8_t out[ENVELOPE_FIXED_MAX])
{
    memset(out, 0, ENVELOPE_FIXED_MAX);
    out[0] = VERSION;
    out[1] = (uint8_t)e->kind;
    memcpy(out + 2, e->from, ENVELOPE_ID_LEN);
    put_u32be(out + 18, e->epoch);
    put_u64be(out + 22, e->seq);
    if (e->room)
        memcpy(out + 30, e->room, ENVELOPE_ID_LEN);
    put_u64be(out + 46, e->seat);
    uint8_t *at = out + ENVELOPE_HEAD_LEN;
    if (e->kind == ENVELOPE_ENTER) {
        put_u64be(at, e->age_us);
        at[8] = flags_of(e);
        memcpy(at + 9, e->id, UUID_TEXT_LEN);
        memcpy(at + 9 + UUID_TEXT_LEN, e->key, ENVELOPE_ID_LEN);
        return ENVELOPE_HEAD_LEN + ENTER_LEN;
    }
    return ENVELOPE_HEAD_LEN;
}

static bool decode_enter(const uint8_t *at, struct envelope *out)
{
    uint8_t flags = at[8], uuid[UUID_LEN];
    out->age_us = get_u64be(at);
    out->is_first = flags & IS_FIRST;
    out->has_key = flags & HAS_KEY;
    out->job = flags & IS_PROVIDER   ? SIGNAL_JOB_PROVIDER
               : flags & IS_CONSUMER ? SIGNAL_JOB_CONSUMER
                                     : SIGNAL_JOB_NONE;
    memcpy(out->id, at + 9, UUID_TEXT_LEN);
    memcpy(out->key, at + 9 + UUID_TEXT_LEN, ENVELOPE_ID_LEN);
    return uuid_parse(out->id, uuid);
}

bool envelope_decode(struct span bytes, struct envelope *out)
{
    if (bytes.len < ENVELOPE_HEAD_LEN || bytes.data[0] != VERSION ||
        bytes.data[1] < ENVELOPE_ENTER || bytes.data[1] > ENVELOPE_BYE)
        return false;
    const uint8_t *at = bytes.data;
    *out = (struct envelope){
        .kind = (enum envelope_kind)at[1],
        .from = at + 2,
        .epoch = get_u32be(at + 18),
        .seq = get_u64be(at + 22),
        .room = at + 30,
        .seat = get_u64be(at + 46),
    };
    struct span rest = span_skip(bytes, ENVELOPE_HEAD_LEN);
    size_t fixed = out->kind == ENVELOPE_ENTER ? ENTER_LEN : 0;
    if (has_text(out->kind))
        out->text = rest;
    else if (rest.len != fixed)
        return false;
    if (out->kind == ENVELOPE_ENTER && !decode_enter(rest.data, out))
        return false;
    return true;
}
