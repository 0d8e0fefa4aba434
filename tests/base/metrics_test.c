/*
 * The same figures in both formats.
 */
#include "base/metrics.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "testing.h"

static void write_all(struct metrics *m)
{
    static const struct metric_label labels[] = {{"a", "x\"y\\z\n"}, {"b", ""}, {0}};
    static const struct metric_label build[] = {{"version", "1"}, {0}};
    struct histogram histogram = {0};
    histogram_add(&histogram, 1500);
    histogram_add(&histogram, 2 * US_PER_S);
    histogram_add(&histogram, 1000 * US_PER_S);
    metrics_family(m, METRIC_INFO, "x_build", NULL, "What.");
    metrics_count(m, build, 1);
    metrics_counter(m, "x_sent_bytes", "bytes", "Sent.", UINT64_MAX);
    metrics_family(m, METRIC_GAUGE, "x_age_seconds", "seconds", "Age.");
    metrics_seconds(m, labels, 1 * US_PER_S + 5);
    metrics_family(m, METRIC_HISTOGRAM, "x_trip_seconds", "seconds", "Trips.");
    metrics_histogram(m, &histogram);
    metrics_end(m);
}

static char *text_of(bool is_open)
{
    struct buf out;
    struct metrics metrics;
    buf_init(&out, 64 << 10);
    metrics_init(&metrics, &out, is_open);
    write_all(&metrics);
    char *text = xstrndup(buf_bytes(&out));
    buf_deinit(&out);
    return text;
}

static void check(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in:\n%s", part, text);
}

static void test_open_metrics(void **state)
{
    (void)state;
    char *text = text_of(true);
    check(text, "# TYPE x_build info\n# HELP x_build What.\nx_build_info{version=\"1\"} 1\n");
    check(text, "# TYPE x_sent_bytes counter\n# UNIT x_sent_bytes bytes\n"
                "# HELP x_sent_bytes Sent.\nx_sent_bytes_total 18446744073709551615\n");
    check(text, "x_age_seconds{a=\"x\\\"y\\\\z\\n\",b=\"\"} 1.000005\n");
    check(text, "x_trip_seconds_bucket{le=\"0.001\"} 0\n"
                "x_trip_seconds_bucket{le=\"0.0025\"} 1\n");
    check(text, "x_trip_seconds_bucket{le=\"1.0\"} 1\nx_trip_seconds_bucket{le=\"2.5\"} 2\n");
    check(text, "x_trip_seconds_bucket{le=\"300.0\"} 2\nx_trip_seconds_bucket{le=\"+Inf\"} 3\n"
                "x_trip_seconds_sum 1002.001500\nx_trip_seconds_count 3\n# EOF\n");
    assert_non_null(strstr(metrics_content_type(true), "openmetrics"));
    free(text);
}

static void test_text_format(void **state)
{
    (void)state;
    char *text = text_of(false);
    check(text, "# TYPE x_build_info gauge\n# HELP x_build_info What.\nx_build_info{version");
    check(text, "# TYPE x_sent_bytes_total counter\n# HELP x_sent_bytes_total Sent.\n");
    check(text, "x_trip_seconds_bucket{le=\"300\"} 2\n");
    assert_null(strstr(text, "# UNIT"));
    assert_null(strstr(text, "# EOF"));
    assert_non_null(strstr(metrics_content_type(false), "0.0.4"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_metrics),
        cmocka_unit_test(test_text_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
