/*
 * getentropy(3) never blocks once the system has booted and needs no state.
 */
#include "base/random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h> /* Darwin has it here, others in unistd.h */
#include <unistd.h>

enum { AT_ONCE_MAX = 256 /* bytes; of the call */ };

void random_bytes(void *out, size_t len)
{
    uint8_t *p = out;
    while (len > 0) {
        size_t part = len < AT_ONCE_MAX ? len : AT_ONCE_MAX;
        if (getentropy(p, part) < 0) {
            perror("getentropy");
            abort();
        }
        p += part;
        len -= part;
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
