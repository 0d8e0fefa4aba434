/*
 * Forged chunks for a live association: TSNs and the like are relative to
 * what it expects, tags and checksums right, several chunks in a packet.
 */
#ifndef TESTS_SCTP_FUZZ_FORGE_H
#define TESTS_SCTP_FUZZ_FORGE_H

#include <stdint.h>

#include "base/span.h"
#include "fuzz_script.h"
#include "sctp/sctp.h"

enum { FORGE_PACKET_MAX = 2048 };

/* The arguments of a step that are not yet taken. */
struct arguments {
    const uint8_t *p;
    size_t len;
};

static inline uint8_t take_u8(struct arguments *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->p++;
}

static inline uint16_t take_u16(struct arguments *in)
{
    uint16_t high = take_u8(in);
    return (uint16_t)(high << 8 | take_u8(in));
}

struct forge {
    struct sctp_assoc *target;
    uint8_t packet[FORGE_PACKET_MAX]; /* chunks that are held */
    size_t len;
};

/* Runs a step up to SCRIPT_RECONFIG. */
void forge_chunk(struct forge *f, uint8_t step, struct arguments *in, uint64_t now_us);

/* Feeds a packet with tag and checksum made right. */
void forge_packet(struct forge *f, struct span packet, uint64_t now_us);

#endif
