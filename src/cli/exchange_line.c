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

void exchange_line_fields(const struct exchange_record *r, struct log_field f[EXCHANGE_FIELDS_MAX])
{
    const struct {
        const char *name;
        uint64_t us;
    } times[] = {{"head_ms", r->head_us},
                 {"first_byte_ms", r->first_byte_us},
                 {"duration_ms", r->end_us}};
    if (r->consumer > 0)
        *f++ = (struct log_field){"consumer", NULL, r->consumer};
    if (r->device[0])
        *f++ = (struct log_field){"device", r->device, 0};
    if (r->provider > 0)
        *f++ = (struct log_field){"provider", NULL, r->provider};
    *f++ = (struct log_field){"method", r->method, 0};
    if (r->status > 0)
        *f++ = (struct log_field){"status", NULL, r->status};
    *f++ = (struct log_field){"end", exchange_end_name(r->end), 0};
    *f++ = (struct log_field){"request_bytes", NULL, (double)r->request_bytes};
    *f++ = (struct log_field){"response_bytes", NULL, (double)r->response_bytes};
    if (r->tries > 1)
        *f++ = (struct log_field){"tries", NULL, r->tries};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        if (times[i].us != TIME_NEVER)
            *f++ = (struct log_field){times[i].name, NULL, (double)times[i].us / US_PER_MS};
    }
    /* What may have no room stands last. */
    *f++ = (struct log_field){"target", r->target, 0};
    if (r->reason)
        *f++ = (struct log_field){"reason", r->reason, 0};
    *f = (struct log_field){0};
}
