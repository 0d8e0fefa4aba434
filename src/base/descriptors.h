/*
 * How many file descriptors the process may have.
 */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stdint.h>

/* Raises the soft limit to what is wanted, as far as the hard limit allows;
 * never lowers it. Returns the soft limit. */
uint64_t descriptors_allow(uint64_t wanted);

#endif
