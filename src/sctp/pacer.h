/*
 * When packets may leave so that a rate is kept: a clock of virtual time. Each
 * packet moves it on by its length over the rate, and nothing leaves before it
 * is due.
 */
#ifndef SCTP_PACER_H
#define SCTP_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pacer {
    uint64_t next_ns; /* when the next packet is due; 0: at once */
};

struct pacer_rate {
    uint64_t bytes_per_s; /* 0: not paced */
    size_t held;          /* bytes that wait until a packet more can leave with them */
};

/* Whether a packet is due. */
bool pacer_allows(const struct pacer *p, struct pacer_rate rate, uint64_t now_us);

/* So many bytes leave now. */
void pacer_spend(struct pacer *p, struct pacer_rate rate, size_t bytes, uint64_t now_us);

/* When to come back for what is not due: late enough for a burst. Only while
 * there is a rate. */
uint64_t pacer_deadline_us(const struct pacer *p, struct pacer_rate rate);

/* What leaves next is due at once, whatever was sent. */
void pacer_reset(struct pacer *p);

#endif
