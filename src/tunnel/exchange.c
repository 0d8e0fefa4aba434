/*
 * The clock is read four times an exchange at most: with its begin, the head,
 * the first byte and the end.
 */
#include "tunnel/exchange.h"

#include <string.h>

#include "base/clock.h"

static const char *const end_names[EXCHANGE_ENDS] = {
    [EXCHANGE_COMPLETE] = "complete",   [EXCHANGE_CANCELLED] = "cancelled",
    [EXCHANGE_REFUSED] = "refused",     [EXCHANGE_DOWN] = "down",
    [EXCHANGE_FAILED] = "failed",       [EXCHANGE_LOST] = "lost",
    [EXCHANGE_MALFORMED] = "malformed",
};

const char *exchange_end_name(enum exchange_end end)
{
    return end_names[end];
}

enum exchange_end exchange_end_of_request(enum stream_error error)
{
    switch (error) {
    case STREAM_SESSION:
        return EXCHANGE_LOST;
    case STREAM_MALFORMED:
        return EXCHANGE_MALFORMED;
    default: /* version 1 has no codes */
        return EXCHANGE_CANCELLED;
    }
}

enum exchange_end exchange_end_of_response(enum stream_error error)
{
    switch (error) {
    case STREAM_SESSION:
    case STREAM_UNSENT:
        return EXCHANGE_LOST;
    case STREAM_MALFORMED:
        return EXCHANGE_MALFORMED;
    case STREAM_NOT_ALLOWED:
    case STREAM_TOO_MANY:
        return EXCHANGE_REFUSED;
    default:
        return EXCHANGE_FAILED;
    }
}

/* What does not fit ends in dots. */
static void copy(char *out, size_t size, struct span text)
{
    static const char dots[] = "...";
    bool is_cut = text.len > size - 1;
    size_t len = is_cut ? size - sizeof dots : text.len;
    if (len > 0)
        memcpy(out, text.data, len);
    memcpy(out + len, is_cut ? dots : "", is_cut ? sizeof dots : 1);
}

static struct span without_query(struct span target)
{
    for (size_t i = 0; i < target.len; i++) {
        if (target.data[i] == '?' || target.data[i] == '#')
            return (struct span){target.data, i};
    }
    return target;
}

void exchange_begin(struct exchange_record *record, const char *device, struct span method,
                    struct span target)
{
    *record = (struct exchange_record){
        .begun_us = clock_now_us(),
        .head_us = TIME_NEVER,
        .first_byte_us = TIME_NEVER,
        .end_us = TIME_NEVER,
    };
    copy(record->device, sizeof record->device, span_from_string(device ? device : ""));
    copy(record->method, sizeof record->method, method);
    copy(record->target, sizeof record->target, without_query(target));
}

void exchange_on_head(struct exchange_record *record, int status, bool is_pipe)
{
    record->status = status;
    record->is_pipe = is_pipe;
    record->head_us = clock_now_us() - record->begun_us;
}

void exchange_on_response(struct exchange_record *record, size_t len)
{
    if (record->response_bytes == 0 && len > 0)
        record->first_byte_us = clock_now_us() - record->begun_us;
    record->response_bytes += len;
}

void exchange_finish(struct exchange_record *record, enum exchange_end end, const char *reason,
                     const struct exchange_watch *watch)
{
    record->end = end;
    record->reason = reason;
    record->end_us = clock_now_us() - record->begun_us;
    watch->on_done(record, watch->arg);
}

void exchange_totals_add(struct exchange_totals *totals, const struct exchange_record *record)
{
    totals->ends[record->end]++;
    totals->request_bytes += record->request_bytes;
    totals->response_bytes += record->response_bytes;
}

uint64_t exchange_totals_count(const struct exchange_totals *totals)
{
    uint64_t count = 0;
    for (int i = 0; i < EXCHANGE_ENDS; i++)
        count += totals->ends[i];
    return count;
}
