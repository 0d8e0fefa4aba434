/*
 * Pages as a person sees them, and what must not reach the terminal.
 */
#include "cli/status_view.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cli/sparkline.h"
#include "testing.h"

#define STATUS(sent, more)                                                                        \
    "{\"role\":\"serve\",\"version\":\"1.2.3\",\"pid\":42,\"upstream\":\"http://127.0.0.1:1\","   \
    "\"up_s\":7500,\"state\":\"up\",\"rooms\":[{\"signal\":\"wss://s\",\"fingerprint\":\"87f9\"}" \
    "],\"partners\":[{\"name\":\"phone\",\"link\":1,\"path\":\"relayed\",\"local\":\"host a\","   \
    "\"remote\":\"srflx b\",\"round_trip_ms\":21.5,\"streams\":2,\"sent_bytes\":" #sent           \
    ",\"received_bytes\":7,\"sent_packets\":1000,\"lost_chunks\":2}]" more "}"

static char *page_of_columns(const struct status_view *view, size_t columns, bool has_graph)
{
    struct buf page;
    buf_init(&page, 64 << 10);
    status_view_print(view, columns, has_graph, &page);
    char *text = xstrndup(buf_bytes(&page));
    buf_deinit(&page);
    return text;
}

static char *page_of(const struct status_view *view, bool has_graph)
{
    return page_of_columns(view, STATUS_VIEW_COLUMNS, has_graph);
}

static void check(const char *page, const char *line)
{
    if (!strstr(page, line))
        fail_msg("no '%s' in:\n%s", line, page);
}

static void test_page(void **state)
{
    struct status_view view;
    (void)state;
    status_view_init(&view, true);
    assert_true(status_view_take(
        &view,
        STATUS(1000, ",\"under_way_count\":9,\"under_way\":[{\"device\":\"phone\",\"method\":\"POST"
                     "\",\"target\":\"/v1/chat\",\"status\":200,\"duration_ms\":3200,"
                     "\"request_bytes\":64,\"response_bytes\":12000,\"tokens_per_s\":38.2}],"
                     "\"errors\":[{\"age_s\":12,\"count\":3,\"text\":\"it broke\"}]"),
        1 * US_PER_S));
    assert_true(status_view_has_partners(&view));
    char *page = page_of(&view, false);
    check(page, "tunnel serve 1.2.3, process 42, runs for 2 h 05 min\n");
    check(page, "signal    wss://s, room 87f9\n");
    /* There is nothing yet to compare with. */
    check(page,
          "phone              relayed       22 ms    0.2 %           -           -        2\n");
    check(page, "  host a <-> srflx b\n");
    check(page, "phone: POST /v1/chat                 200    3.2 s     64 B    12 kB   38 tok/s\n");
    check(page, "  and 1 more\n");
    check(page, "12 s ago (3 times): it broke\n");
    free(page);
    assert_true(status_view_take(&view, STATUS(4001000, ""), 3 * US_PER_S));
    page = page_of(&view, true);
    check(page, "    2.0 MB/s       0 B/s        2\n");
    check(page, "rate      █\n          2.0 MB/s at most, in 1 s\n");
    free(page);
    status_view_deinit(&view);
}

/* Another session has taken over: it counts from its own beginning. */
static void test_new_session(void **state)
{
    struct status_view view;
    (void)state;
    status_view_init(&view, false);
    assert_true(status_view_take(&view, STATUS(4000, ""), 1 * US_PER_S));
    assert_true(status_view_take(&view, STATUS(5, ""), 2 * US_PER_S));
    char *page = page_of(&view, true);
    check(page, "0.2 %           -       0 B/s        2\n");
    free(page);
    status_view_deinit(&view);
}

/* Each line is at most 80 columns wide, and holds no control character. */
static void test_hostile(void **state)
{
    struct status_view view;
    size_t columns = 0;
    (void)state;
    status_view_init(&view, true);
    assert_true(status_view_take(
        &view,
        "{\"role\":\"proxy\",\"state\":\"retrying\",\"problem\":\"a\\u001b[2Jb\\n"
        "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\","
        "\"partners\":3,\"under_way\":\"x\",\"under_way_count\":1}",
        0));
    char *page = page_of(&view, true);
    check(page, "a?[2Jb?");
    for (const char *c = page; *c; c++) {
        assert_true(*c == '\n' || (unsigned char)*c >= ' ');
        columns = *c == '\n' ? 0 : columns + (((unsigned char)*c & 0xc0) != 0x80);
        assert_true(columns <= STATUS_VIEW_COLUMNS);
    }
    free(page);
    assert_false(status_view_take(&view, "{}", 0));
    assert_false(status_view_take(&view, "[", 0));
    assert_false(status_view_take(&view, "3", 0));
    status_view_deinit(&view);
}

/* In a file nothing is cut: neither a line nor what stands in a column. */
static void test_uncut(void **state)
{
    struct status_view view;
    char name[100], target[200], json[1024], wanted[512];
    (void)state;
    memset(name, 'n', sizeof name - 1);
    memset(target, 't', sizeof target - 1);
    name[sizeof name - 1] = target[sizeof target - 1] = '\0';
    snprintf(json, sizeof json,
             "{\"role\":\"proxy\",\"listen\":\"[::1]:80\",\"name\":\"a\",\"state\":\"up\","
             "\"problem\":\"%s%s\",\"partners\":[{\"name\":\"%s\",\"path\":\"direct\"}],"
             "\"under_way_count\":1,\"under_way\":[{\"method\":\"GET\",\"target\":\"/%s\"}]}",
             target, name, name, target);
    status_view_init(&view, true);
    assert_true(status_view_take(&view, json, 0));
    char *page = page_of_columns(&view, STATUS_VIEW_UNCUT, false);
    snprintf(wanted, sizeof wanted, "          %s%s\n", target, name);
    check(page, wanted);
    snprintf(wanted, sizeof wanted, "\n%s direct ", name);
    check(page, wanted);
    snprintf(wanted, sizeof wanted, "\nGET /%s ", target);
    check(page, wanted);
    free(page);
    char *what = status_view_what(&view);
    assert_string_equal(what, "proxy a, [::1]:80");
    free(what);
    status_view_deinit(&view);
}

/* What a proxy calls its partners: by link, where there are several. */
static void test_links(void **state)
{
    struct status_view view;
    (void)state;
    status_view_init(&view, true);
    assert_true(status_view_take(
        &view,
        "{\"role\":\"proxy\",\"state\":\"up\",\"listen\":\"127.0.0.1:22\",\"has_tls\":false,\"is_"
        "tcp\":true,"
        "\"rooms\":[{\"signal\":\"ws://a\",\"fingerprint\":\"87f9\"},"
        "{\"signal\":\"ws://b\",\"fingerprint\":\"05ea\"},"
        "{\"signal\":\"ws://c\",\"fingerprint\":\"1111\"}],"
        "\"partners\":[{\"name\":\"#1\",\"link\":1},{\"name\":\"#1\",\"link\":3}]}",
        0));
    char *page = page_of(&view, false);
    check(page, "listens   tcp://127.0.0.1:22\n");
    check(page, "\nlink 1             ");
    check(page, "\nlink 3             ");
    check(page, "link 1    ws://a, room 87f9\n"
                "link 2    not connected; ws://b, room 05ea\n"
                "link 3    ws://c, room 1111\n");
    free(page);
    status_view_deinit(&view);
}

/* Each end of an exchange is counted somewhere. */
static void test_totals(void **state)
{
    struct status_view view;
    (void)state;
    status_view_init(&view, true);
    assert_true(status_view_take(
        &view,
        STATUS(1, ",\"totals\":{\"exchanges\":31,\"ends\":{\"complete\":1,\"cancelled\":2,"
                  "\"refused\":1,\"malformed\":3,\"failed\":8,\"lost\":7,\"down\":9}}"),
        0));
    char *page = page_of(&view, false);
    check(page, "exchanges 31: 1 complete, 2 cancelled, 4 refused, 24 failed or lost\n");
    free(page);
    status_view_deinit(&view);
}

/* What is short is told in one unit, and one of a thing without an s. */
static void test_amounts(void **state)
{
    static const struct {
        const char *json;
        const char *line;
    } cases[] = {
        {"\"up_s\":599.9", "runs for 600 s\n"},
        {"\"up_s\":600", "runs for 10 min\n"},
        {"\"up_s\":3599", "runs for 60 min\n"},
        {"\"up_s\":3600", "runs for 1 h 00 min\n"},
        {"\"up_s\":172800", "runs for 2 days 0 h\n"},
        {"\"waiting\":1,\"waiting_s\":2", "waiting   1 request, for 2 s\n"},
        {"\"waiting\":2,\"waiting_s\":2", "waiting   2 requests, for 2 s\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct status_view view;
        char json[256];
        status_view_init(&view, true);
        snprintf(json, sizeof json, "{\"role\":\"proxy\",\"state\":\"up\",%s}", cases[i].json);
        assert_true(status_view_take(&view, json, 0));
        char *page = page_of(&view, false);
        check(page, cases[i].line);
        free(page);
        status_view_deinit(&view);
    }
}

/* A minute, and what is older goes. */
static void test_rates(void **state)
{
    struct status_view view;
    char json[1024];
    (void)state;
    status_view_init(&view, true);
    for (unsigned i = 0; i < STATUS_VIEW_RATES + 10; i++) {
        snprintf(json, sizeof json,
                 "{\"role\":\"serve\",\"state\":\"up\",\"partners\":[{\"name\":\"#1\",\"link\":1,"
                 "\"sent_bytes\":%u,\"received_bytes\":0}]}",
                 i * i);
        assert_true(status_view_take(&view, json, i * US_PER_S));
    }
    assert_int_equal(view.rate_count, STATUS_VIEW_RATES);
    assert_int_equal((int)view.rates[STATUS_VIEW_RATES - 1], 2 * (STATUS_VIEW_RATES + 9) - 1);
    assert_int_equal((int)view.rates[0], 2 * 10 - 1);
    status_view_deinit(&view);
}

static void check_bars(const double *values, size_t count, bool has_utf8, const char *bars)
{
    struct buf out;
    buf_init(&out, 256);
    sparkline_print(values, count, has_utf8, &out);
    char *text = xstrndup(buf_bytes(&out));
    assert_string_equal(text, bars);
    free(text);
    buf_deinit(&out);
}

static void test_bars(void **state)
{
    static const double values[] = {0, 0.001, 1, 2, 4, 8}, zeros[] = {0, 0};
    (void)state;
    check_bars(values, 6, true, " ▁▁▂▄█");
    check_bars(values, 6, false, " ..:=@");
    check_bars(zeros, 2, true, "  ");
    check_bars(NULL, 0, true, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),    cmocka_unit_test(test_new_session),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_uncut),
        cmocka_unit_test(test_links),   cmocka_unit_test(test_totals),
        cmocka_unit_test(test_amounts), cmocka_unit_test(test_rates),
        cmocka_unit_test(test_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
