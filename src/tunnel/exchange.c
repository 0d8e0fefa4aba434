/*
 * What happens in a turn of the loop has the time at which its events came: so
 * the clock is not read for each exchange.
 */
#include "tunnel/exchange.h"

#include <string.h>

#include "base/clock.h"
#include "net/loop.h"

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
        return EXCHANGE_LOST;
    case STREAM_UNSENT:
        return EXCHANGE_DOWN;
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

static uint64_t age_of(const struct exchange_record *record)
{
    return loop_now_us(record->watch->loop) - record->begun_us;
}

void exchange_begin(struct exchange_record *record, const struct exchange_watch *watch,
                    const char *device, struct span method, struct span target)
{
    *record = (struct exchange_record){
        .watch = watch,
        .begun_us = loop_now_us(watch->loop),
        .head_us = TIME_NEVER,
        .first_byte_us = TIME_NEVER,
        .end_us = TIME_NEVER,
    };
    copy(record->device, sizeof record->device, span_from_string(device ? device : ""));
    copy(record->method, sizeof record->method, method);
    copy(record->target, sizeof record->target, without_query(target));
    list_init(&record->link);
    if (watch->on_begin)
        watch->on_begin(record, watch->arg);
}

void exchange_on_head(struct exchange_record *record, int status, struct http_fields fields,
                      bool is_pipe)
{
    token_meter_init(&record->tokens, fields);
    record->status = status;
    record->is_pipe = is_pipe;
    record->head_us = age_of(record);
}

void exchange_on_response(struct exchange_record *record, struct span bytes)
{
    if (record->response_bytes == 0 && bytes.len > 0)
        record->first_byte_us = age_of(record);
    record->response_bytes += bytes.len;
    token_meter_scan(&record->tokens, bytes);
}

void exchange_finish(struct exchange_record *record, enum exchange_end end, const char *reason)
{
    record->end = end;
    record->reason = reason;
    record->end_us = age_of(record);
    token_meter_end(&record->tokens);
    list_remove(&record->link);
    record->watch->on_done(record, record->watch->arg);
}
