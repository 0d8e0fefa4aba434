/*
 * The file descriptors of the process: how many it may have, and that the
 * first three are there.
 */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stdint.h>

/* Raises the soft limit to what is wanted, as far as the hard limit allows;
 * never lowers it. Returns the soft limit. */
uint64_t descriptors_allow(uint64_t wanted);

/* Opens /dev/null in the place of each of 0 to 2 that is closed: a connection
 * must not become what stderr writes to. To write to stdout is then the error
 * that it was. Before anything else is opened. */
void descriptors_open_standard(void);

#endif
