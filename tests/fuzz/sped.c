/*
 * Messages with the attributes of SPED in any form, at both ends in turn: what
 * comes out of one is no larger than it may be, and goes into the other.
 */
#include <assert.h>
#include <stdint.h>

#include "rtc/sped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(struct sped *sped, bool carries)
{
    static const uint8_t id[STUN_ID_LEN];
    uint8_t bytes[STUN_MESSAGE_MAX];
    struct stun_writer w;
    struct stun_message m;
    stun_begin(&w, bytes, sizeof bytes, STUN_SUCCESS, STUN_BINDING, id);
    sped_fill(sped, &w, carries);
    assert(!w.overflow);
    assert(stun_decode(stun_bytes(&w), &m) == (int)w.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sped sped;
    struct span rest = span_of(data, size);
    struct stun_message m;
    int len;
    sped_init(&sped);
    while ((len = stun_decode(rest, &m)) > 0) {
        struct span datagram = sped_take(&sped, &m);
        if (sped.state == SPED_OFFERED)
            sped_settle(&sped, true);
        sped_queue(&sped, datagram.len > 0 ? datagram : m.bytes);
        fill(&sped, true);
        fill(&sped, false);
        if (m.bytes.len % 3 == 0)
            sped_end_flight(&sped);
        rest = span_skip(rest, (size_t)len);
    }
    sped_end(&sped);
    fill(&sped, true);
    return 0;
}
