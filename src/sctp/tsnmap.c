/*
 * The bit of a TSN is at its number modulo the ring. Bits at or below cum are
 * always clear, so that the ring can be reused as cum moves on. The common
 * packet is the next in line with nothing missing: it touches no bit at all.
 */
#include "sctp/tsnmap.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { FIRST_WORDS = 8 };

void tsnmap_init(struct tsnmap *m, uint64_t cum)
{
    *m = (struct tsnmap){.cum = cum, .highest = cum};
}

void tsnmap_deinit(struct tsnmap *m)
{
    free(m->bits);
    tsnmap_init(m, m->cum);
}

static uint64_t *word_of(const struct tsnmap *m, uint64_t tsn)
{
    return &m->bits[(tsn >> 6) & (m->words - 1)];
}

static uint64_t bit_of(uint64_t tsn)
{
    return UINT64_C(1) << (tsn & 63);
}

/* Whether the ring reaches from cum + 1 to tsn without lapping itself. */
static bool is_covered(const struct tsnmap *m, uint64_t tsn)
{
    return m->words > 0 && (tsn >> 6) - ((m->cum + 1) >> 6) < m->words;
}

static void grow(struct tsnmap *m, uint64_t tsn)
{
    struct tsnmap wider = *m;
    do
        wider.words = wider.words ? wider.words * 2 : FIRST_WORDS;
    while (!is_covered(&wider, tsn));
    wider.bits = xcalloc(wider.words, sizeof *wider.bits);
    if (m->highest > m->cum) {
        for (uint64_t at = (m->cum + 1) >> 6; at <= m->highest >> 6; at++)
            *word_of(&wider, at << 6) = *word_of(m, at << 6);
    }
    free(m->bits);
    *m = wider;
}

bool tsnmap_has(const struct tsnmap *m, uint64_t tsn)
{
    if (tsn <= m->cum)
        return true;
    return tsn <= m->highest && (*word_of(m, tsn) & bit_of(tsn)) != 0;
}

/* Moves cum over what is already there. */
static void advance(struct tsnmap *m)
{
    while (m->cum < m->highest) {
        uint64_t *word = word_of(m, m->cum + 1);
        if (!(*word & bit_of(m->cum + 1)))
            return;
        m->cum++;
        *word &= ~bit_of(m->cum);
    }
}

int tsnmap_add(struct tsnmap *m, uint64_t tsn)
{
    if (tsnmap_has(m, tsn))
        return 0;
    if (tsn == m->cum + 1) {
        m->cum = tsn;
        if (m->highest < tsn)
            m->highest = tsn;
        else
            advance(m);
        return 1;
    }
    if (tsn - m->cum > TSNMAP_MAX_AHEAD)
        return -ENOBUFS;
    if (!is_covered(m, tsn))
        grow(m, tsn);
    *word_of(m, tsn) |= bit_of(tsn);
    if (tsn > m->highest)
        m->highest = tsn;
    return 1;
}

void tsnmap_forward(struct tsnmap *m, uint64_t cum)
{
    if (cum <= m->cum)
        return;
    for (uint64_t tsn = m->cum + 1; tsn <= cum && tsn <= m->highest; tsn++)
        *word_of(m, tsn) &= ~bit_of(tsn);
    m->cum = cum;
    if (m->highest < cum)
        m->highest = cum;
    advance(m);
}

/* The first TSN from `from` on whose bit is `set`; highest + 1 when none. */
static uint64_t find(const struct tsnmap *m, uint64_t from, bool set)
{
    while (from <= m->highest) {
        uint64_t word = *word_of(m, from);
        word = (set ? word : ~word) >> (from & 63);
        if (word)
            return from + (uint64_t)__builtin_ctzll(word);
        from = (from | 63) + 1;
    }
    return m->highest + 1;
}

size_t tsnmap_gaps(const struct tsnmap *m, struct tsn_gap *out, size_t max)
{
    size_t count = 0;
    uint64_t at = m->cum + 1;
    while (count < max && at <= m->highest) {
        uint64_t start = find(m, at, true);
        if (start > m->highest)
            break;
        at = find(m, start, false);
        if (at > m->highest + 1)
            at = m->highest + 1;
        out[count++] = (struct tsn_gap){
            .start = (uint16_t)(start - m->cum),
            .end = (uint16_t)(at - 1 - m->cum),
        };
    }
    return count;
}
