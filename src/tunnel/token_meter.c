/*
 * All names end in _tokens" or _count": it is the underscore that is looked
 * for, which a text seldom has, and the rest only there. A name or a number may
 * be cut in two by the end of a chunk, so the last bytes of one are looked at
 * again in front of the next. What is found twice does no harm: figures are
 * totals, and the last one counts.
 */
#include "tunnel/token_meter.h"
#include "base/wipe.h"

#include <ctype.h>
#include <string.h>

static const struct {
    struct span name;
    bool is_prompt;
} names[] = {
    {SPAN_LITERAL("\"prompt_tokens\""), true},     {SPAN_LITERAL("\"input_tokens\""), true},
    {SPAN_LITERAL("\"prompt_eval_count\""), true}, {SPAN_LITERAL("\"completion_tokens\""), false},
    {SPAN_LITERAL("\"output_tokens\""), false},    {SPAN_LITERAL("\"eval_count\""), false},
};

enum { NAME_COUNT = sizeof names / sizeof *names, BETWEEN_MAX = 5, DIGITS_MAX = 12 };

static bool is_type(struct span value, const char *type)
{
    size_t len = strlen(type);
    return value.len >= len && strncasecmp((const char *)value.data, type, len) == 0 &&
           (value.len == len || strchr("; \t", value.data[len]));
}

void token_meter_init(struct token_meter *meter, struct http_fields fields)
{
    static const struct {
        const char *type;
        enum token_source source;
    } types[] = {
        {"text/event-stream", TOKENS_EVENTS},
        {"application/x-ndjson", TOKENS_LINES},
        {"application/json", TOKENS_JSON},
    };
    const struct http_field *type = http_fields_find(fields, "Content-Type");
    const struct http_field *coding = http_fields_find(fields, "Content-Encoding");
    *meter = (struct token_meter){0};
    if (!type || coding)
        return;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (is_type(type->value, types[i].type))
            meter->source = types[i].source;
    }
}

/* ---- usage ---- */

/* Behind a name: a colon with few blanks, a number and something else. */
static bool read_number(struct span rest, uint64_t *out)
{
    size_t at = 0;
    uint64_t number = 0;
    while (at < rest.len && at < BETWEEN_MAX && strchr(": \t", rest.data[at]) && rest.data[at])
        at++;
    size_t begin = at;
    for (; at < rest.len && at - begin < DIGITS_MAX && isdigit(rest.data[at]); at++)
        number = number * 10 + (uint64_t)(rest.data[at] - '0');
    *out = number;
    return at > begin && at < rest.len;
}

/* underscore: its place in the bytes. */
static void read_figure(struct token_meter *meter, struct span bytes, size_t underscore)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        struct span name = names[i].name;
        size_t inside = (size_t)(span_find_last(name, '_') - name.data);
        uint64_t number;
        if (inside > underscore || bytes.len - (underscore - inside) < name.len ||
            memcmp(bytes.data + underscore - inside, name.data, name.len) != 0)
            continue;
        size_t end = underscore - inside + name.len;
        if (read_number((struct span){bytes.data + end, bytes.len - end}, &number))
            *(names[i].is_prompt ? &meter->prompt : &meter->completion) = number;
    }
}

static void read_figures(struct token_meter *meter, struct span bytes)
{
    size_t at = 0;
    const uint8_t *found;
    while (at < bytes.len && (found = memchr(bytes.data + at, '_', bytes.len - at)) != NULL) {
        at = (size_t)(found - bytes.data) + 1;
        if (at < bytes.len && (*(found + 1) == 't' || *(found + 1) == 'c'))
            read_figure(meter, bytes, at - 1);
    }
}

/* The last bytes, for the next seam. No figure has a line's end in it, so
 * behind one, as behind each event of a stream, there is none. */
static void keep_tail(struct token_meter *meter, struct span bytes)
{
    size_t len = bytes.len < TOKEN_METER_TAIL ? bytes.len : TOKEN_METER_TAIL;
    meter->tail_len = bytes.data[bytes.len - 1] == '\n' ? 0 : (uint8_t)len;
    memmove(meter->tail, bytes.data + bytes.len - meter->tail_len, meter->tail_len);
}

/* What was cut in two by the end of the last chunk. */
static void read_seam(struct token_meter *meter, struct span bytes)
{
    uint8_t seam[2 * TOKEN_METER_TAIL];
    size_t more = bytes.len < TOKEN_METER_TAIL ? bytes.len : TOKEN_METER_TAIL;
    size_t len = meter->tail_len + more;
    if (meter->tail_len == 0) {
        keep_tail(meter, bytes);
        return;
    }
    memcpy(seam, meter->tail, meter->tail_len);
    memcpy(seam + meter->tail_len, bytes.data, more);
    read_figures(meter, (struct span){seam, len});
    keep_tail(meter, bytes.len < TOKEN_METER_TAIL ? (struct span){seam, len} : bytes);
}

/* ---- events ---- */

/* Of SSE the fields are data, event, id and retry. */
static bool is_event(const struct token_meter *meter, uint8_t first)
{
    return meter->source == TOKENS_EVENTS ? first == 'd' : first != '\n';
}

static void count_lines(struct token_meter *meter, struct span bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        if (!meter->is_in_line)
            meter->events += is_event(meter, bytes.data[at]);
        const uint8_t *end = memchr(bytes.data + at, '\n', bytes.len - at);
        meter->is_in_line = !end;
        if (!end)
            return;
        at = (size_t)(end - bytes.data) + 1;
    }
}

/* ---- the whole ---- */

void token_meter_scan(struct token_meter *meter, struct span bytes)
{
    if (meter->source == TOKENS_NONE || bytes.len == 0)
        return;
    if (bytes.len > TOKEN_METER_MAX - meter->scanned) {
        token_meter_end(meter);
        *meter = (struct token_meter){0};
        return;
    }
    meter->scanned += (uint32_t)bytes.len;
    if (meter->source != TOKENS_JSON)
        count_lines(meter, bytes);
    read_seam(meter, bytes);
    read_figures(meter, bytes);
}

void token_meter_end(struct token_meter *meter)
{
    wipe(meter->tail, sizeof meter->tail);
    meter->tail_len = 0;
}

uint64_t token_meter_count(const struct token_meter *meter)
{
    return meter->completion > 0 ? meter->completion : meter->events;
}
