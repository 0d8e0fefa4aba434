#include "tunnel/history.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "net/loop.h"
#include "testing.h"

static void on_begin(struct exchange_record *record, void *arg)
{
    history_begin(arg, record);
}

static void on_done(const struct exchange_record *record, void *arg)
{
    history_end(arg, record);
}

/* With a status it is complete; with a reason it is lost. */
static void ask_for(struct history *history, const struct loop *loop, const char *target,
                    int status, const char *reason)
{
    const struct exchange_watch watch = {.on_begin = on_begin,
                                         .on_done = on_done,
                                         .arg = history,
                                         .loop = loop};
    static const struct http_field fields[] = {
        {SPAN_LITERAL("Content-Type"), SPAN_LITERAL("application/json")}};
    struct exchange_record record;
    exchange_begin(&record, &watch, "phone", SPAN_LITERAL("GET"), span_from_string(target));
    assert_int_equal(history->under_way_count, 1);
    assert_ptr_equal(list_first(&history->under_way), &record.link);
    if (status > 0) {
        exchange_on_head(&record, status, (struct http_fields){fields, 1}, false);
        exchange_on_response(&record, SPAN_LITERAL("{\"output_tokens\":7,\"input_tokens\":2}"));
    }
    exchange_finish(&record, status > 0 ? EXCHANGE_COMPLETE : EXCHANGE_LOST, reason);
    assert_int_equal(history->under_way_count, 0);
}

static void ask(struct history *history, const struct loop *loop, const char *target, int status)
{
    ask_for(history, loop, target, status, status > 0 ? NULL : "the session ended");
}

/* It is seen that there was more, and no character is cut. */
static void test_long_reasons(void **state)
{
    char reason[3 * HISTORY_REASON_MAX];
    struct history history;
    history_init(&history);
    for (size_t len = HISTORY_REASON_MAX - 4; len < HISTORY_REASON_MAX + 8; len++) {
        memset(reason, 'a', len);
        memcpy(reason + len, "\xc3\xb6", 3);
        ask_for(&history, *state, "/a", 0, reason);
        const char *kept = history_find(&history, history.count)->reason;
        bool fits = strlen(reason) < HISTORY_REASON_MAX;
        assert_true(utf8_is_valid(span_from_string(kept)));
        assert_int_equal(strcmp(kept, reason) == 0, fits);
        assert_int_equal(strstr(kept, "…") != NULL, !fits);
    }
    history_deinit(&history);
}

static void test_entries(void **state)
{
    struct history history;
    history_init(&history);
    assert_int_equal(history_first(&history), 1);
    assert_null(history_find(&history, 0));
    assert_null(history_find(&history, 1));
    ask(&history, *state, "/a", 200);
    ask(&history, *state, "/b", 0);
    const struct history_entry *a = history_find(&history, 1), *b = history_find(&history, 2);
    assert_string_equal(a->record.target, "/a");
    assert_string_equal(a->record.device, "phone");
    assert_string_equal(a->reason, "");
    assert_int_equal(b->number, 2);
    assert_string_equal(b->reason, "the session ended");
    assert_null(history_find(&history, 3));
    history_deinit(&history);
}

static void test_totals(void **state)
{
    struct history history;
    const struct exchange_totals *totals = &history.totals;
    uint64_t durations = 0;
    history_init(&history);
    ask(&history, *state, "/a", 200);
    ask(&history, *state, "/b", 404);
    ask(&history, *state, "/c", 0);
    assert_int_equal(exchange_totals_count(totals), 3);
    assert_int_equal(totals->ends[EXCHANGE_COMPLETE], 2);
    assert_int_equal(totals->ends[EXCHANGE_LOST], 1);
    assert_int_equal(totals->statuses[2], 1);
    assert_int_equal(totals->statuses[4], 1);
    assert_int_equal(totals->statuses[0], 1);
    assert_int_equal(totals->completion_tokens, 14);
    assert_int_equal(totals->prompt_tokens, 4);
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
        durations += totals->duration.counts[i];
    assert_int_equal(durations, 3);
    history_deinit(&history);
}

/* The oldest are forgotten. */
static void test_ring(void **state)
{
    struct history history;
    history_init(&history);
    for (int i = 1; i <= HISTORY_MAX + 3; i++) {
        char target[16];
        snprintf(target, sizeof target, "/%d", i);
        ask(&history, *state, target, 200);
    }
    assert_int_equal(history_first(&history), 4);
    assert_null(history_find(&history, 3));
    assert_string_equal(history_find(&history, 4)->record.target, "/4");
    assert_string_equal(history_find(&history, HISTORY_MAX + 3)->record.target, "/1003");
    assert_null(history_find(&history, HISTORY_MAX + 4));
    history_deinit(&history);
}

static void test_classes(void **state)
{
    struct histogram histogram = {0}, sum = {0};
    (void)state;
    histogram_add(&histogram, 0);
    histogram_add(&histogram, 1 * US_PER_MS);
    histogram_add(&histogram, 1 * US_PER_MS + 1);
    histogram_add(&histogram, 300 * US_PER_S + 1);
    assert_int_equal(histogram.counts[0], 2);
    assert_int_equal(histogram.counts[1], 1);
    assert_int_equal(histogram.counts[HISTOGRAM_BOUNDS], 1);
    histogram_merge(&sum, &histogram);
    histogram_merge(&sum, &histogram);
    assert_int_equal(sum.counts[0], 4);
    assert_int_equal(sum.sum_us, 2 * histogram.sum_us);
    for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
        assert_true(histogram_bound_us(i) > histogram_bound_us(i - 1));
}

static int setup(void **state)
{
    *state = loop_new();
    return 0;
}

static int teardown(void **state)
{
    loop_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries), cmocka_unit_test(test_long_reasons),
        cmocka_unit_test(test_totals),  cmocka_unit_test(test_ring),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
