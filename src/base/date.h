/*
 * Dates of UTC, also where time_t has 32 bits and so ends in 2038.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdint.h>
#include <time.h>

/* Seconds since 1970, as timegm(3). The date is to be a valid one. */
int64_t date_seconds(const struct tm *utc);

#endif
