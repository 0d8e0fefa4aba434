/*
 * Times and sizes as a person reads them, as in "3.2 s" and "12 kB".
 */
#ifndef CLI_AMOUNT_H
#define CLI_AMOUNT_H

#include <stdint.h>

enum { AMOUNT_MAX = 32 };

/* Each returns out. */
const char *amount_format_time(uint64_t us, char out[AMOUNT_MAX]);
const char *amount_format_size(uint64_t bytes, char out[AMOUNT_MAX]);

#endif
