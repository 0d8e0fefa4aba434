/*
 * The line holds what one asks first: was there an answer, how long did it
 * take, when did it begin to come, and how large was it. What was sent is named
 * where it is the larger part, and of a pipe, of which both parts count.
 */
#include "cli/exchange_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { AMOUNT_MAX = 32 };

static const char *format_time(uint64_t us, char out[AMOUNT_MAX])
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

static const char *format_size(uint64_t bytes, char out[AMOUNT_MAX])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double amount = (double)bytes;
    size_t unit = 0;
    for (; amount >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
        amount /= 1000;
    snprintf(out, AMOUNT_MAX, "%.*f %s", unit > 0 && amount < 10, amount, units[unit]);
    return out;
}

/* Appends; what does not fit is left out. */
__attribute__((format(printf, 2, 3))) static void add(char line[EXCHANGE_LINE_MAX],
                                                      const char *format, ...)
{
    size_t len = strlen(line);
    va_list args;
    va_start(args, format);
    vsnprintf(line + len, EXCHANGE_LINE_MAX - len, format, args);
    va_end(args);
}

const char *exchange_line_format(const struct exchange_record *r, char out[EXCHANGE_LINE_MAX])
{
    char amount[AMOUNT_MAX];
    bool is_upload = r->request_bytes > r->response_bytes || (r->is_pipe && r->request_bytes > 0);
    snprintf(out, EXCHANGE_LINE_MAX, "%s", r->method);
    if (r->target[0])
        add(out, " %s", r->target);
    if (r->status > 0)
        add(out, " %d", r->status);
    else
        add(out, " no answer");
    add(out, ", %s", format_time(r->end_us, amount));
    if (r->response_bytes > 0)
        add(out, ", first byte %s", format_time(r->first_byte_us, amount));
    if (is_upload)
        add(out, ", %s up", format_size(r->request_bytes, amount));
    if (r->response_bytes > 0)
        add(out, ", %s", format_size(r->response_bytes, amount));
    if (r->reason)
        add(out, "; %s", r->reason);
    return out;
}
