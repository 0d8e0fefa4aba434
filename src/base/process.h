/*
 * What the system counts of this process.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdint.h>

/* 0 where it does not tell. */
uint64_t process_resident_bytes(void);
uint64_t process_open_descriptors(void);

#endif
