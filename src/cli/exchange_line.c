/*
 * The line holds what one asks first: was there an answer, how long did it
 * take, when did it begin to come, and how large was it. What was sent is named
 * where it is the larger part, and of a pipe, of which both parts count.
 */
#include "cli/exchange_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/amount.h"

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
    char number[16];
    snprintf(number, sizeof number, "#%u", r->consumer);
    const char *who = !r->device[0] && r->consumer > 0 ? number : r->device;
    snprintf(out, EXCHANGE_LINE_MAX, "%s%s%s", who, who[0] ? ": " : "", r->method);
    if (r->target[0])
        add(out, " %s", r->target);
    if (r->status > 0)
        add(out, " %d", r->status);
    else
        add(out, " no answer");
    if (r->tries > 1)
        add(out, " in %u tries", r->tries);
    add(out, ", %s", amount_format_time(r->end_us, amount));
    if (r->response_bytes > 0)
        add(out, ", first byte %s", amount_format_time(r->first_byte_us, amount));
    if (is_upload)
        add(out, ", %s up", amount_format_size(r->request_bytes, amount));
    if (r->response_bytes > 0)
        add(out, ", %s", amount_format_size(r->response_bytes, amount));
    if (r->reason)
        add(out, "; %s", r->reason);
    return out;
}
