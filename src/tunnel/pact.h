/*
 * A session, by its number, and the process at its other end, by its
 * certificate: each process makes its own.
 */
#ifndef TUNNEL_PACT_H
#define TUNNEL_PACT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "rtc/cert.h"

struct pact {
    unsigned session; /* 0: none */
    bool is_met;      /* the process is known, by its description */
    uint8_t process[CERT_FINGERPRINT_LEN];
};

/* process may be NULL: nothing could be read. */
static inline void pact_meet(struct pact *pact, const uint8_t *process)
{
    pact->is_met = process != NULL;
    if (process)
        memcpy(pact->process, process, sizeof pact->process);
}

static inline bool pact_is_with(const struct pact *pact, const uint8_t *process)
{
    return pact->is_met && process && memcmp(pact->process, process, sizeof pact->process) == 0;
}

/* Both are with one process. */
static inline bool pact_is_same(const struct pact *a, const struct pact *b)
{
    return b->is_met && pact_is_with(a, b->process);
}

#endif
