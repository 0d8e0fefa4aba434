/*
 * Days are counted in years that begin in March, so that a leap day is the last
 * of its year.
 */
#include "base/date.h"

enum { DAYS_UNTIL_1970 = 719468 /* since 1 March of the year 0 */ };

/* Leap days until the end of a year, from the year 0 on. */
static int64_t leap_days(int64_t year)
{
    return year / 4 - year / 100 + year / 400;
}

int64_t date_seconds(const struct tm *utc)
{
    static const int before_month[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    int64_t year = 1900 + utc->tm_year - (utc->tm_mon < 2 ? 1 : 0);
    int64_t days = 365 * year + leap_days(year) + before_month[utc->tm_mon] + utc->tm_mday - 1;
    return ((days - DAYS_UNTIL_1970) * 24 + utc->tm_hour) * 3600 + utc->tm_min * 60 + utc->tm_sec;
}
