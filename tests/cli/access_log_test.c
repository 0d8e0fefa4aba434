#include "cli/access_log.h"

#include <stdlib.h>

#include "base/clock.h"
#include "testing.h"

#define WHEN INT64_C(1796059862) /* 30 November 2026, 17:31:02 */

static void check(const struct history_entry *entry, const char *expected)
{
    char *line = access_log_combined(entry, WHEN);
    assert_string_equal(line, expected);
    free(line);
}

static void test_lines(void **state)
{
    struct history_entry entry = {
        .record = {.device = "phone",
                   .method = "POST",
                   .target = "/v1/chat",
                   .status = 200,
                   .request_bytes = 64,
                   .response_bytes = 12345,
                   .head_us = 100000,
                   .first_byte_us = 400000,
                   .end_us = 3 * US_PER_S,
                   .tries = 2,
                   .provider = 3,
                   .tokens = {.source = TOKENS_EVENTS, .events = 7, .completion = 5}},
    };
    (void)state;
    check(&entry, "phone - - [30/Nov/2026:17:31:02 +0000] \"POST /v1/chat HTTP/1.1\" 200 12345 "
                  "\"-\" \"-\" end=complete request_bytes=64 head_s=0.100000 "
                  "first_byte_s=0.400000 duration_s=3.000000 provider=3 tries=2 tokens=5\n");
}

/* Whatever a peer writes, it is one line, and its fields are where they are. */
static void test_hostile(void **state)
{
    struct history_entry entry = {
        .record = {.device = "a b\"",
                   .consumer = 4,
                   .method = "G\" 200",
                   .target = "/\n\\\x7f\xc3\xa4",
                   .end = EXCHANGE_CANCELLED,
                   .head_us = TIME_NEVER,
                   .first_byte_us = TIME_NEVER},
        .reason = "it said \"no\"\r\n",
    };
    (void)state;
    check(&entry,
          "a\\x20b\\x22 - - [30/Nov/2026:17:31:02 +0000] \"G\\x22\\x20200 "
          "/\\x0a\\x5c\\x7f\\xc3\\xa4 HTTP/1.1\" - 0 \"-\" \"-\" end=cancelled "
          "request_bytes=0 duration_s=0.000000 reason=\"it said \\x22no\\x22\\x0d\\x0a\"\n");
    entry.record.device[0] = '\0';
    entry.record.target[0] = '\0';
    entry.reason[0] = '\0';
    check(&entry,
          "#4 - - [30/Nov/2026:17:31:02 +0000] \"G\\x22\\x20200  HTTP/1.1\" - 0 \"-\" \"-\" "
          "end=cancelled request_bytes=0 duration_s=0.000000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
