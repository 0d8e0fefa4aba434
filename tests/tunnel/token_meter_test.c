/*
 * Each answer whole, byte by byte, and flush to a guard page.
 */
#include "tunnel/token_meter.h"

#include "testing.h"

struct row {
    const char *type;
    const char *coding; /* or NULL */
    const char *text;
    uint32_t events;
    uint64_t prompt, completion, count;
};

static const struct row rows[] = {
    {"text/event-stream", NULL,
     "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n"
     ": a comment\n\n"
     "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":12,"
     "\"completion_tokens_details\":{\"reasoning_tokens\":4}}}\n\n"
     "data: [DONE]\n\n",
     3, 9, 12, 12},
    {"text/event-stream; charset=utf-8", NULL,
     "event: message_start\r\n"
     "data: {\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\r\n\r\n"
     "event: message_delta\r\n"
     "data: {\"usage\":{\"output_tokens\": 15}}\r\n\r\n",
     2, 25, 15, 15},
    {"Text/Event-Stream", NULL, "data: a\n\ndata: b\n\ndata: c", 3, 0, 0, 3},
    {"application/x-ndjson", NULL,
     "{\"response\":\"a\"}\n{\"done\":true,\"prompt_eval_count\":26,\"eval_count\":298,\"x\":1}\n",
     2, 26, 298, 298},
    {"application/json", NULL,
     "{\"text\":\"\\\"output_tokens\\\": 7, my_cat _tokens\", \"usage\" : {\"input_tokens\" : 3 ,"
     "\"output_tokens\"\t:\t100000}}",
     0, 3, 100000, 100000},
    /* None of an LLM's. */
    {"application/json", NULL, "{\"a\":1}\n{\"b\":2}", 0, 0, 0, 0},
    {"application/json", NULL, "{\"output_tokens\":", 0, 0, 0, 0},
    {"application/json", NULL, "{\"output_tokens\":null,\"x_tokens\":4,\"_tokens\":5}", 0, 0, 0, 0},
    {"application/json", "gzip", "{\"output_tokens\":5}", 0, 0, 0, 0},
    {"application/jsonp", NULL, "{\"output_tokens\":5}", 0, 0, 0, 0},
    {"text/plain", NULL, "data: a\n\n", 0, 0, 0, 0},
};

static void start(struct token_meter *meter, const struct row *row)
{
    const struct http_field fields[] = {
        {SPAN_LITERAL("content-type"), span_from_string(row->type)},
        {SPAN_LITERAL("Content-Encoding"), span_from_string(row->coding ? row->coding : "")},
    };
    token_meter_init(meter, (struct http_fields){fields, row->coding ? 2 : 1});
}

static void check(const struct token_meter *meter, const struct row *row)
{
    assert_int_equal(meter->events, row->events);
    assert_int_equal(meter->prompt, row->prompt);
    assert_int_equal(meter->completion, row->completion);
    assert_int_equal(token_meter_count(meter), row->count);
}

/* In pieces of that many bytes, each flush to a guard page. */
static void feed(struct token_meter *meter, const char *text, size_t piece)
{
    for (size_t at = 0, len = strlen(text); at < len; at += piece) {
        size_t here = len - at < piece ? len - at : piece;
        struct guard g = guard_new(text + at, here);
        token_meter_scan(meter, g.bytes);
        guard_free(&g);
    }
}

static void test_answers(void **state)
{
    static const size_t pieces[] = {100000, 1, 2, 3, 7, 39, 40, 41};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            struct token_meter meter;
            start(&meter, &rows[i]);
            feed(&meter, rows[i].text, pieces[p]);
            check(&meter, &rows[i]);
        }
    }
}

/* Nothing of the text is left. */
static void test_end(void **state)
{
    static const uint8_t zeros[TOKEN_METER_TAIL];
    struct token_meter meter;
    (void)state;
    start(&meter, &rows[2]);
    feed(&meter, rows[2].text, 1);
    assert_true(meter.tail_len > 0);
    token_meter_end(&meter);
    assert_memory_equal(meter.tail, zeros, sizeof zeros);
    check(&meter, &rows[2]);
}

/* Bulk is not looked at for long. */
static void test_bulk(void **state)
{
    static uint8_t bulk[1 << 20];
    struct token_meter meter;
    (void)state;
    start(&meter, &rows[0]);
    feed(&meter, rows[0].text, 100);
    for (int i = 0; i < 16; i++)
        token_meter_scan(&meter, (struct span){bulk, sizeof bulk});
    assert_int_equal(meter.source, TOKENS_NONE);
    assert_int_equal(token_meter_count(&meter), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_bulk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
