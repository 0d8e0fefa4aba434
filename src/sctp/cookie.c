/*
 *   +--------------------------------+--------------------------------+
 *   | made_us (64 bits)                                               |
 *   +--------------------------------+--------------------------------+
 *   | my tag                         | my first TSN                   |
 *   | peer's tag                     | peer's first TSN               |
 *   | peer's window                  | peer's out, in streams         |
 *   | what the peer offers           | SipHash-2-4 of all before      |
 *   +--------------------------------+                                |
 *                                    +--------------------------------+
 */
#include "sctp/cookie.h"

#include <errno.h>

#include "base/bytes.h"
#include "sctp/siphash.h"

enum {
    SIGNED_LEN = COOKIE_LEN - 8,
    OFFERS_INTERLEAVING = 1,
    OFFERS_FORWARD_TSN = 2,
    OFFERS_RECONFIG = 4,
    OFFERS_ZERO_CHECKSUM = 8,
};

void cookie_encode(const uint8_t key[16], const struct cookie *c, uint8_t out[COOKIE_LEN])
{
    put_u64be(out, c->made_us);
    put_u32be(out + 8, c->my_tag);
    put_u32be(out + 12, c->my_first_tsn);
    put_u32be(out + 16, c->peer.tag);
    put_u32be(out + 20, c->peer.first_tsn);
    put_u32be(out + 24, c->peer.window);
    put_u16be(out + 28, c->peer.out_streams);
    put_u16be(out + 30, c->peer.in_streams);
    put_u32be(out + 32, (c->peer.interleaving ? OFFERS_INTERLEAVING : 0) |
                            (c->peer.forward_tsn ? OFFERS_FORWARD_TSN : 0) |
                            (c->peer.reconfig ? OFFERS_RECONFIG : 0) |
                            (c->peer.zero_checksum ? OFFERS_ZERO_CHECKSUM : 0));
    put_u64be(out + SIGNED_LEN, siphash(key, span_of(out, SIGNED_LEN)));
}

int cookie_decode(const uint8_t key[16], struct span bytes, struct cookie *out)
{
    if (bytes.len != COOKIE_LEN)
        return -EBADMSG;
    const uint8_t *p = bytes.data;
    if (get_u64be(p + SIGNED_LEN) != siphash(key, span_of(p, SIGNED_LEN)))
        return -EBADMSG;
    uint32_t offers = get_u32be(p + 32);
    *out = (struct cookie){
        .made_us = get_u64be(p),
        .my_tag = get_u32be(p + 8),
        .my_first_tsn = get_u32be(p + 12),
        .peer =
            {
                .tag = get_u32be(p + 16),
                .first_tsn = get_u32be(p + 20),
                .window = get_u32be(p + 24),
                .out_streams = get_u16be(p + 28),
                .in_streams = get_u16be(p + 30),
                .interleaving = (offers & OFFERS_INTERLEAVING) != 0,
                .forward_tsn = (offers & OFFERS_FORWARD_TSN) != 0,
                .reconfig = (offers & OFFERS_RECONFIG) != 0,
                .zero_checksum = (offers & OFFERS_ZERO_CHECKSUM) != 0,
            },
    };
    return 0;
}
