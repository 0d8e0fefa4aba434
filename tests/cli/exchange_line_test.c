/*
 * The line that a person reads of an exchange.
 */
#include "testing.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/exchange_line.h"

#define S(s)   ((uint64_t)((s) * (double)US_PER_S))
#define NEVER  TIME_NEVER
#define REST   0, PROVIDER_ALONE, {0}, {NULL, NULL}, NULL /* what no line is made of */
#define REASON "upstream 127.0.0.1:11434: connection refused"

static void check(const struct exchange_record *record, const char *expected)
{
    char line[EXCHANGE_LINE_MAX];
    assert_string_equal(exchange_line_format(record, line), expected);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        struct exchange_record record;
        const char *expected;
    } rows[] = {
        {{"", "POST", "/v1/chat/completions", 200, false, EXCHANGE_COMPLETE, NULL, 2100, 12345, 0,
          S(0.4), S(0.4), S(3.24), 1, 0, REST},
         "POST /v1/chat/completions 200, 3.2 s, first byte 0.4 s, 12 kB"},
        {{"phone", "GET", "/x", 204, false, EXCHANGE_COMPLETE, NULL, 0, 0, 0, S(0.012), NEVER,
          S(0.012), 1, 0, REST},
         "phone: GET /x 204, 12 ms"},
        {{"", "PUT", "/x", 201, false, EXCHANGE_COMPLETE, NULL, 5200000, 27, 0, S(1), S(1), S(1), 1,
          0, REST},
         "PUT /x 201, 1.0 s, first byte 1.0 s, 5.2 MB up, 27 B"},
        {{"", "DELETE", "/x", 204, false, EXCHANGE_COMPLETE, NULL, 0, 0, 0, S(0.012), NEVER,
          S(0.012), 1, 0, REST},
         "DELETE /x 204, 12 ms"},
        {{"", "GET", "/ws", 101, true, EXCHANGE_COMPLETE, NULL, 999, 1000, 0, S(0.1), S(2), S(3000),
          1, 0, REST},
         "GET /ws 101, 50 min, first byte 2.0 s, 999 B up, 1.0 kB"},
        {{"", "CONNECT", "h:443", 200, true, EXCHANGE_COMPLETE, NULL, 0, 0, 0, S(0.1), NEVER, S(60),
          1, 0, REST},
         "CONNECT h:443 200, 60 s"},
        {{"", "GET", "/x", 0, false, EXCHANGE_CANCELLED, "the client went away", 0, 0, 0, NEVER,
          NEVER, S(12), 1, 0, REST},
         "GET /x no answer, 12 s; the client went away"},
        {{"", "GET", "/x", 200, false, EXCHANGE_FAILED, REASON, 0, 98765, 0, S(1), S(2), S(3), 1, 0,
          REST},
         "GET /x 200, 3.0 s, first byte 2.0 s, 99 kB; " REASON},
        {{"", "GET", "/x", 502, false, EXCHANGE_FAILED, REASON, 0, 0, 0, NEVER, NEVER, S(0.0004), 1,
          0, REST},
         "GET /x 502, 0.4 ms; " REASON},
        {{"", "GET", "", 501, false, EXCHANGE_REFUSED, "no", 0, 0, 0, NEVER, NEVER, 0, 1, 0, REST},
         "GET 501, 0.0 ms; no"},
        {{"", "GET", "/x", 200, false, EXCHANGE_COMPLETE, NULL, 0, 0, 0, S(1), NEVER, S(1), 2, 0,
          REST},
         "GET /x 200 in 2 tries, 1.0 s"},
        {{"", "GET", "/x", 204, false, EXCHANGE_COMPLETE, NULL, 0, 0, 0, S(0.012), NEVER, S(0.012),
          1, 3, REST},
         "#3: GET /x 204, 12 ms"},
        {{"phone", "GET", "/x", 204, false, EXCHANGE_COMPLETE, NULL, 0, 0, 0, S(0.012), NEVER,
          S(0.012), 1, 3, REST},
         "phone: GET /x 204, 12 ms"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i].record, rows[i].expected);
}

static void test_amounts(void **state)
{
    (void)state;
    static const struct {
        uint64_t us, bytes;
        const char *expected;
    } rows[] = {
        {S(0.0095), 999, " 9.5 ms, first byte 0.0 ms, 999 B"},
        {S(0.0999), 1000, " 100 ms, first byte 0.0 ms, 1.0 kB"},
        {S(0.1), 9940, " 0.1 s, first byte 0.0 ms, 9.9 kB"},
        {S(9.94), 10000, " 9.9 s, first byte 0.0 ms, 10 kB"},
        {S(599), 123456789, " 599 s, first byte 0.0 ms, 123 MB"},
        {S(600), UINT64_C(1500000000), " 10 min, first byte 0.0 ms, 1.5 GB"},
        {S(90000), UINT64_MAX, " 1500 min, first byte 0.0 ms, 18446744 TB"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct exchange_record record = {
            .method = "GET",
            .target = "/",
            .status = 200,
            .response_bytes = rows[i].bytes,
            .end_us = rows[i].us,
        };
        char line[EXCHANGE_LINE_MAX];
        assert_string_equal(exchange_line_format(&record, line) + strlen("GET / 200,"),
                            rows[i].expected);
    }
}

/* As long as it can get, it fits or is cut. */
static void test_longest(void **state)
{
    static char reason[2 * EXCHANGE_LINE_MAX];
    struct exchange_record record = {.status = 999, .end_us = TIME_NEVER - 1, .reason = reason};
    char line[EXCHANGE_LINE_MAX];
    (void)state;
    memset(record.device, 'd', sizeof record.device - 1);
    memset(record.method, 'M', sizeof record.method - 1);
    memset(record.target, 't', sizeof record.target - 1);
    memset(reason, 'r', sizeof reason - 1);
    assert_int_equal(strlen(exchange_line_format(&record, line)), EXCHANGE_LINE_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
