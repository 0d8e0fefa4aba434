/*
 * How large packets on a path may be, by probes of which each is answered or
 * lost (as RFC 8899 does it for a transport, but all sizes at the same time,
 * since somebody waits). An engine: the time in, sizes to be sent out; no
 * socket, no clock.
 *
 * A round is a handful of sizes, each sent twice. The next one looks between
 * the largest that was answered and the one above it, until they are next to
 * each other.
 *
 * What is late is not lost: whoever answers may have other things to do. So
 * behind the sizes goes one that is known to pass, the control. A sending
 * counts only once its control was answered, by when the others would have
 * been, too.
 */
#ifndef RTC_MTU_SEARCH_H
#define RTC_MTU_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MTU_SEARCH_PROBES_MAX = 12,
    MTU_SEARCH_SENT_MAX = MTU_SEARCH_PROBES_MAX + 1, /* with the control */
    MTU_SEARCH_SENDINGS_MAX = 8, /* in a round; without answers it is given up */
    MTU_SEARCH_STEP = 4,         /* sizes are multiples of it, as those of STUN messages */
    MTU_SEARCH_MOST = 1500
};

/* Sizes are those of IP packets, with all headers, in bytes. */
struct mtu_search {
    uint16_t sizes[MTU_SEARCH_PROBES_MAX]; /* of this round, the largest first */
    size_t count;
    unsigned sent;     /* how often, in this round */
    unsigned answered; /* a bit for each of these, whose control was */
    uint64_t pause_us; /* between two times, and before the round ends */
    uint64_t due_us;   /* TIME_NEVER: it is over */
    uint16_t largest;  /* that was answered; 0: none yet, or that is not known */
    uint16_t smallest; /* above that, that was not; 0: none is known */
    uint16_t controls[MTU_SEARCH_SENDINGS_MAX];
    uint8_t first; /* sending of this round: they are counted, round to 0 again */
};

/* most: that may leave here at all. least: that passes everywhere. rtt_us: of
 * the path, as far as known. */
void mtu_search_init(struct mtu_search *search, size_t most, size_t least, uint64_t rtt_us,
                     uint64_t now_us);

/* The sizes that are to be sent now, in this order, as the sending of that
 * number. */
size_t mtu_search_next(struct mtu_search *search, uint64_t now_us,
                       uint16_t out[MTU_SEARCH_SENT_MAX], uint8_t *number);

/* One of that size and sending was answered. */
void mtu_search_on_answer(struct mtu_search *search, uint8_t number, size_t size);

/* When it is to be called next; TIME_NEVER: largest is what there is. */
uint64_t mtu_search_due_us(const struct mtu_search *search);

#endif
