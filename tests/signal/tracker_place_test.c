/*
 * "tracker:" as a place to meet.
 */
#include "signal/tracker_place.h"

#include <errno.h>
#include <stdlib.h>

#include "testing.h"

static void expect(const char *text, size_t count, const char *description)
{
    struct url place, urls[TRACKERS_MAX];
    const char *why;
    assert_true(tracker_place_is_meant(text));
    assert_int_equal(tracker_place_parse(text, &place, &why), 0);
    assert_true(tracker_place_is(&place));
    assert_int_equal(tracker_place_urls(&place, urls), count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(urls[i].scheme, urls[i].is_tls ? "wss" : "ws");
        url_deinit(&urls[i]);
    }
    char *said = tracker_place_describe(&place);
    assert_string_equal(said, description);
    free(said);
    url_deinit(&place);
}

static void test_places(void **state)
{
    (void)state;
    expect("tracker:", 4,
           "the public trackers tracker.openwebtorrent.com, tracker.webtorrent.dev, "
           "tracker.btorrent.xyz, tracker.files.fm:7073");
    expect("Tracker:wss://h", 1, "the tracker h");
    expect("tracker:ws://h:1/announce,WSS://[::1]:2/a?b", 2, "the trackers h:1, [::1]:2");
}

static void test_own(void **state)
{
    (void)state;
    struct url place, urls[TRACKERS_MAX];
    const char *why;
    assert_int_equal(tracker_place_parse("tracker:ws://h:1/a,wss://g/b", &place, &why), 0);
    assert_false(tracker_place_is_public(&place));
    assert_true(place.is_tls); /* of one of them */
    assert_int_equal(tracker_place_urls(&place, urls), 2);
    assert_string_equal(urls[0].path, "/a");
    assert_int_equal(urls[0].port, 1);
    assert_string_equal(urls[1].host, "g");
    assert_int_equal(urls[1].port, 443);
    url_deinit(&urls[0]);
    url_deinit(&urls[1]);
    url_deinit(&place);
}

static void test_wrong(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "tracker:h",
        "tracker:http://h",
        "tracker:wss://",
        "tracker:wss://h,",
        "tracker:,wss://h",
        "tracker:wss://h:0",
        "tracker:ws://1,ws://2,ws://3,ws://4,ws://5,ws://6,ws://7,ws://8,ws://9"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct url place;
        const char *why = NULL;
        assert_int_equal(tracker_place_parse(texts[i], &place, &why), -EINVAL);
        assert_non_null(why);
    }
    assert_false(tracker_place_is_meant("wss://tracker:1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
