/*
 * What `tunnel requests` prints: a line for each.
 */
#include "cli/request_view.h"

#include <stdlib.h>

#include "testing.h"

#define EXCHANGE(who)                                                                   \
    "{" who "\"method\":\"GET\",\"target\":\"/v1\",\"status\":200,\"request_bytes\":0," \
    "\"response_bytes\":2048,\"duration_ms\":12,\"number\":1,\"end\":\"complete\"}"

static void check(const char *json, const char *wanted)
{
    char *line = request_view_format(json);
    assert_string_equal(line, wanted);
    free(line);
}

static void test_who(void **state)
{
    (void)state;
    check(EXCHANGE(""), "GET /v1 200, 12 ms, 2.0 kB");
    check(EXCHANGE("\"device\":\"phone\",\"consumer\":3,"), "phone: GET /v1 200, 12 ms, 2.0 kB");
    check(EXCHANGE("\"consumer\":3,"), "#3: GET /v1 200, 12 ms, 2.0 kB");
}

/* One of several; one that is alone has a number, and no name. */
static void test_provider(void **state)
{
    (void)state;
    check(EXCHANGE("\"provider\":1,"), "GET /v1 200, 12 ms, 2.0 kB");
    check(EXCHANGE("\"provider\":2,\"provider_name\":\"link 2\","),
          "link 2: GET /v1 200, 12 ms, 2.0 kB");
    check(EXCHANGE("\"provider\":7,\"provider_name\":\"#7\","), "#7: GET /v1 200, 12 ms, 2.0 kB");
}

/* A terminal is not to be controlled by who answers at the socket. */
static void test_strange(void **state)
{
    (void)state;
    check(EXCHANGE("\"provider_name\":\"\\u001b[2J\","), "?[2J: GET /v1 200, 12 ms, 2.0 kB");
    assert_null(request_view_format("[]"));
    assert_null(request_view_format("{"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who),
        cmocka_unit_test(test_provider),
        cmocka_unit_test(test_strange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
