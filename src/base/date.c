/*
 * Days are counted in years that begin in March, so that a leap day is the last
 * of its year.
 */
#include "base/date.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    DAYS_UNTIL_1970 = 719468, /* since 1 March of the year 0 */
    DAY_S = 86400
};

/* Leap days until the end of a year, from the year 0 on. */
static int64_t leap_days(int64_t year)
{
    return year / 4 - year / 100 + year / 400;
}

/* Days before the first one of the year. */
static int64_t days_before(int64_t year)
{
    return 365 * year + leap_days(year);
}

/* Of its year, from January on. */
static const int before_month[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};

int64_t date_seconds(const struct tm *utc)
{
    int64_t year = 1900 + utc->tm_year - (utc->tm_mon < 2 ? 1 : 0);
    int64_t days = days_before(year) + before_month[utc->tm_mon] + utc->tm_mday - 1;
    return ((days - DAYS_UNTIL_1970) * 24 + utc->tm_hour) * 3600 + utc->tm_min * 60 + utc->tm_sec;
}

char *date_format(int64_t seconds, char out[DATE_TEXT_LEN])
{
    int64_t days = seconds / DAY_S - (seconds % DAY_S < 0) + DAYS_UNTIL_1970;
    int rest = (int)(((seconds % DAY_S) + DAY_S) % DAY_S);
    int64_t year = days * 400 / days_before(400); /* or one beside it */
    while (days_before(year) > days)
        year--;
    while (days_before(year + 1) <= days)
        year++;
    int day = (int)(days - days_before(year));
    int month = 2;
    while (before_month[(month + 1) % 12] > before_month[month] &&
           before_month[(month + 1) % 12] <= day)
        month = (month + 1) % 12;
    snprintf(out, DATE_TEXT_LEN, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ",
             year + (month < 2 ? 1 : 0), month + 1, day - before_month[month] + 1, rest / 3600,
             rest / 60 % 60, rest % 60);
    return out;
}
