/*
 * Which TSNs have arrived: everything up to `cum`, and beyond it a ring of
 * bits. TSNs are 64-bit here (see serial_extend).
 */
#ifndef SCTP_TSNMAP_H
#define SCTP_TSNMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TSNs beyond cum that are accepted: bounds the bit ring at 8 KiB and what a
 * peer can make us remember out of order. 16 MiB of 1200-byte packets are
 * 14,000. Gap blocks count in 16 bits, so it cannot be more. */
enum { TSNMAP_MAX_AHEAD = 65472 };

struct tsnmap {
    uint64_t cum;
    uint64_t highest; /* == cum: nothing is missing */
    uint64_t *bits;
    size_t words; /* a power of two, or 0 */
};

/* Offsets from cum, both inclusive (RFC 9260 section 3.3.4). */
struct tsn_gap {
    uint16_t start;
    uint16_t end;
};

void tsnmap_init(struct tsnmap *m, uint64_t cum);
void tsnmap_deinit(struct tsnmap *m);

bool tsnmap_has(const struct tsnmap *m, uint64_t tsn);

/* Marks a TSN. 1 when it is new, 0 for a duplicate, -ENOBUFS when it is too
 * far ahead. */
int tsnmap_add(struct tsnmap *m, uint64_t tsn);

/* Everything up to cum counts as received (FORWARD TSN). */
void tsnmap_forward(struct tsnmap *m, uint64_t cum);

/* The runs received beyond cum, lowest first, at most max; returns how many. */
size_t tsnmap_gaps(const struct tsnmap *m, struct tsn_gap *out, size_t max);

#endif
