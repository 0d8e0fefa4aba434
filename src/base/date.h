/*
 * Dates of UTC, also where time_t has 32 bits and so ends in 2038.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdint.h>
#include <time.h>

/* Seconds since 1970, as timegm(3). The date is to be a valid one. */
int64_t date_seconds(const struct tm *utc);

enum { DATE_TEXT_LEN = 40 };

/* The same back, as RFC 3339 has it: "2026-11-30T17:00:00Z", from the year 0
 * on. Returns out. */
char *date_format(int64_t seconds, char out[DATE_TEXT_LEN]);

#endif
