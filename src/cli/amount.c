#include "cli/amount.h"

#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"

const char *amount_format_time(uint64_t us, char out[AMOUNT_MAX])
{
    double s = (double)us / (double)US_PER_S;
    if (s < 0.1)
        snprintf(out, AMOUNT_MAX, "%.*f ms", s < 0.01, s * 1000);
    else if (s < 600)
        snprintf(out, AMOUNT_MAX, "%.*f s", s < 10, s);
    else
        snprintf(out, AMOUNT_MAX, "%.0f min", s / 60);
    return out;
}

const char *amount_format_size(uint64_t bytes, char out[AMOUNT_MAX])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double amount = (double)bytes;
    size_t unit = 0;
    for (; amount >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
        amount /= 1000;
    snprintf(out, AMOUNT_MAX, "%.*f %s", unit > 0 && amount < 10, amount, units[unit]);
    return out;
}
