/*
 * Dates as seconds: like timegm(3), of which a time_t of 32 bits has no more
 * than the years until 2038.
 */
#include "testing.h"

#include "base/date.h"

static int64_t of_date(int year, int month, int day)
{
    struct tm utc = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return date_seconds(&utc);
}

static void counts_like_timegm(void **state)
{
    (void)state;
    for (int day = 0; day < 24000; day++) { /* until 2035 */
        struct tm utc;
        time_t at = (time_t)day * 86400 + day; /* and some seconds */
        gmtime_r(&at, &utc);
        assert_int_equal(date_seconds(&utc), at);
    }
}

static void goes_beyond_2038(void **state)
{
    (void)state;
    assert_int_equal(of_date(2038, 1, 20), INT64_C(2147558400));
    assert_int_equal(of_date(2100, 3, 1), INT64_C(4107542400)); /* 2100 has no leap day */
    assert_int_equal(of_date(9999, 12, 31), INT64_C(253402214400));
    assert_int_equal(of_date(1969, 12, 31), -86400);
}

static void check_text(int64_t seconds, const char *wanted)
{
    char text[DATE_TEXT_LEN];
    assert_string_equal(date_format(seconds, text), wanted);
}

static void formats_like_strftime(void **state)
{
    (void)state;
    for (int day = 0; day < 24000; day++) {
        struct tm utc;
        char text[DATE_TEXT_LEN];
        time_t at = (time_t)day * 86400 + day * 3;
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &utc));
        check_text(at, text);
    }
    check_text(INT64_C(4107542399), "2100-02-28T23:59:59Z");
    check_text(INT64_C(4107542400), "2100-03-01T00:00:00Z");
    check_text(INT64_C(253402300799), "9999-12-31T23:59:59Z");
    check_text(INT64_C(253402300800), "10000-01-01T00:00:00Z");
    check_text(INT64_C(951782400), "2000-02-29T00:00:00Z");
    check_text(-1, "1969-12-31T23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_like_timegm),
        cmocka_unit_test(goes_beyond_2038),
        cmocka_unit_test(formats_like_strftime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
