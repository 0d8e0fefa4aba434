/*
 * getrandom(2) never blocks once the system has booted and needs no state.
 */
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

void random_bytes(void *out, size_t len)
{
    uint8_t *p = out;
    while (len > 0) {
        ssize_t got = getrandom(p, len, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            perror("getrandom");
            abort();
        }
        p += got;
        len -= (size_t)got;
    }
}

uint32_t random_u32(void)
{
    uint32_t value;
    random_bytes(&value, sizeof value);
    return value;
}

uint32_t random_below(uint32_t bound)
{
    assert(bound > 0);
    /* Rejecting the low remainder makes every result equally likely. */
    uint32_t reject = (uint32_t)(-bound) % bound;
    uint32_t value;
    do {
        value = random_u32();
    } while (value < reject);
    return value % bound;
}
