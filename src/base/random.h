/*
 * Unpredictable bytes from the kernel.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills with getentropy(3); aborts if the kernel cannot. */
void random_bytes(void *out, size_t len);
uint32_t random_u32(void);

/* Uniform in [0, bound); bound must not be 0. For tests. */
uint32_t random_below(uint32_t bound);

#endif
