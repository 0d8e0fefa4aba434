#include "cli/request_view.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cli/amount.h"

enum { LINE_MAX_LEN = 2048 };

static double number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static bool is_failed(const json_t *exchange)
{
    return strcmp(text(exchange, "end"), "complete") != 0 || number(exchange, "status") >= 400;
}

bool request_filter_passes(const struct request_filter *filter, const char *json)
{
    json_t *exchange = json_loads(json, 0, NULL);
    bool passes = json_is_object(exchange);
    if (filter->device)
        passes &= strcmp(text(exchange, "device"), filter->device) == 0;
    if (filter->path)
        passes &= strncmp(text(exchange, "target"), filter->path, strlen(filter->path)) == 0;
    if (filter->only_failed)
        passes &= is_failed(exchange);
    json_decref(exchange);
    return passes;
}

/* The clock of this machine, of "2026-11-30T17:00:00.000Z". */
static void add_clock(struct buf *line, const char *moment)
{
    struct tm tm = {0};
    char clock[16] = "";
    if (!strptime(moment, "%Y-%m-%dT%H:%M:%S", &tm))
        return;
    time_t then = timegm(&tm);
    strftime(clock, sizeof clock, "%H:%M:%S ", localtime_r(&then, &tm));
    buf_append_string(line, clock);
}

static void add_time(struct buf *line, const json_t *exchange, const char *before, const char *name)
{
    char amount[AMOUNT_MAX];
    if (json_object_get(exchange, name))
        buf_append_format(line, "%s%s", before,
                          amount_format_time((uint64_t)(number(exchange, name) * (double)US_PER_MS),
                                             amount));
}

static void add_size(struct buf *line, const json_t *exchange, const char *name, const char *behind)
{
    char amount[AMOUNT_MAX];
    if (number(exchange, name) > 0)
        buf_append_format(line, ", %s%s",
                          amount_format_size((uint64_t)number(exchange, name), amount), behind);
}

/* Of an LLM's answer: what `usage` says, or how many events there were. */
static void add_tokens(struct buf *line, const json_t *exchange)
{
    bool is_told = json_object_get(exchange, "completion_tokens") != NULL;
    double tokens = number(exchange, is_told ? "completion_tokens" : "events");
    if (tokens <= 0)
        return;
    buf_append_format(line, ", %.0f %s", tokens, is_told ? "tokens" : "events");
    if (number(exchange, "tokens_per_s") > 0)
        buf_append_format(line, ", %.1f/s", number(exchange, "tokens_per_s"));
}

static void add_who(struct buf *line, const json_t *exchange)
{
    if (*text(exchange, "device"))
        buf_append_format(line, "%s: ", text(exchange, "device"));
    else if (number(exchange, "consumer") > 0)
        buf_append_format(line, "#%.0f: ", number(exchange, "consumer"));
    else if (*text(exchange, "provider_name"))
        buf_append_format(line, "%s: ", text(exchange, "provider_name"));
    buf_append_format(line, "%s %s ", text(exchange, "method"), text(exchange, "target"));
    if (number(exchange, "status") > 0)
        buf_append_format(line, "%.0f", number(exchange, "status"));
    else
        buf_append_string(line, "no answer");
}

static char *printable(const struct buf *line)
{
    char *out = xstrndup(buf_bytes(line));
    for (char *c = out; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    return out;
}

char *request_view_format(const char *json)
{
    json_t *exchange = json_loads(json, 0, NULL);
    struct buf line;
    if (!json_is_object(exchange)) {
        json_decref(exchange);
        return NULL;
    }
    buf_init(&line, LINE_MAX_LEN);
    add_clock(&line, text(exchange, "begun"));
    add_who(&line, exchange);
    add_time(&line, exchange, ", ", "duration_ms");
    add_time(&line, exchange, ", first byte ", "first_byte_ms");
    add_size(&line, exchange, "request_bytes", " up");
    add_size(&line, exchange, "response_bytes", "");
    add_tokens(&line, exchange);
    if (*text(exchange, "reason"))
        buf_append_format(&line, "; %s: %s", text(exchange, "end"), text(exchange, "reason"));
    char *out = printable(&line);
    buf_deinit(&line);
    json_decref(exchange);
    return out;
}
