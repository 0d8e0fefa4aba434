/*
 * Links: what stands in one, the forms that mean the same, and what a person
 * is told who has mistyped it.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/link.h"

/* Provider id 00…0f, secret 10…1f. */
#define SECRET "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypwgdi"

static const uint8_t bytes[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static void test_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *signal, *link;
    } rows[] = {
        {"wss://signal.example.org", "https://signal.example.org/#t1." SECRET},
        {"ws://127.0.0.1:8787", "http://127.0.0.1:8787/#t1." SECRET},
        {"https://h:8443/a/b?c", "https://h:8443/a/b?c#t1." SECRET},
        {"wss://h?c", "https://h?c#t1." SECRET},
        {"ws://[::1]:80/", "http://[::1]:80/#t1." SECRET},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = link_format(rows[i].signal, bytes, bytes + 16);
        assert_string_equal(text, rows[i].link);
        struct link link;
        const char *why;
        assert_int_equal(link_parse(text, &link, &why), 0);
        assert_memory_equal(link.provider_id, bytes, 16);
        assert_memory_equal(link.secret, bytes + 16, 16);
        link_deinit(&link);
        free_secret_string(text);
    }
}

static void test_forms_that_mean_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *link, *signal;
        bool is_tls;
    } rows[] = {
        {"https://h/#t1." SECRET, "wss://h/", true},
        {"wss://h/#t1." SECRET, "wss://h/", true},
        {"WSS://h/#t1." SECRET, "wss://h/", true},
        {"http://h/#t1." SECRET, "ws://h/", false},
        {"ws://h#t1." SECRET, "ws://h", false},
        {" \twss://h/#t1." SECRET "\r\n", "wss://h/", true},
        {"'wss://h/#t1." SECRET "'\n", "wss://h/", true},
        {"\"wss://h/#t1." SECRET "\"", "wss://h/", true},
        {"<wss://h/#t1." SECRET ">.", "wss://h/", true},
        {"(wss://h/#t1." SECRET "),", "wss://h/", true},
        {"`wss://h/#t1." SECRET "`;", "wss://h/", true},
        {"https://h/#t1.AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPWGDI", "wss://h/", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link link;
        const char *why = NULL;
        assert_int_equal(link_parse(rows[i].link, &link, &why), 0);
        assert_string_equal(link.signal_text, rows[i].signal);
        assert_int_equal(link.signal.is_tls, rows[i].is_tls);
        assert_memory_equal(link.secret, bytes + 16, 16);
        link_deinit(&link);
    }
}

static void test_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *link, *why;
    } rows[] = {
        {"", "has no '#t1.…'"},
        {"https://h/", "has no '#t1.…'"},
        {"https://h/#", "must go on with 't1.'"},
        {"https://h/#x1." SECRET, "must go on with 't1.'"},
        {"https://h/#t2." SECRET, "is of a newer kind"},
        {"https://h/#t1.", "is too short"},
        {"https://h/#t1.aaaqeaye", "is too short"},
        {"https://h/#t1." SECRET "a", "is too long"},
        {"https://h/#t1.0aaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypwgdi", "a 0 is an o"},
        {"https://h/#t1.aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypwgd!",
         "a character that does not belong"},
        {"https://h/#t1.aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypwgd.", "is too short"},
        {"https://h/#t1.baaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypwgdi",
         "its checksum does not fit"},
        {"https://h/#t1.aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypwg2i",
         "its checksum does not fit"},
        {"https://h/#t1.aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypwgdj",
         "its checksum does not fit"},
        {"t1." SECRET, "the address before '#' is missing"},
        {"t1.aaaqe", "the address before '#' is missing"},
        {"#t1." SECRET, "the address before '#' is missing"},
        {SECRET, "the address before '#' is missing"},
        {"https://h/%23t1." SECRET, "has a '%23'"},
        {"ftp://h/#t1." SECRET, "must begin with https://"},
        {"h/#t1." SECRET, "must begin with https://"},
        {"https:///#t1." SECRET, "has no host"},
        {"https://u@h/#t1." SECRET, "must not hold a user name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link link;
        const char *why = NULL;
        assert_int_equal(link_parse(rows[i].link, &link, &why), -EINVAL);
        if (!strstr(why, rows[i].why))
            fail_msg("%s: '%s' lacks '%s'", rows[i].link, why, rows[i].why);
    }
}

/* Every typo of one character, and every swap of two neighbours. */
static void test_typos(void **state)
{
    (void)state;
    unsigned caught = 0;
    unsigned missed = 0;
    char link[] = "https://h/#t1." SECRET;
    size_t from = strlen("https://h/#t1.");
    for (size_t at = from; link[at]; at++)
        for (const char *c = "abcdefghijklmnopqrstuvwxyz234567"; *c; c++) {
            char was = link[at];
            struct link out;
            const char *why;
            if (*c == was)
                continue;
            link[at] = *c;
            if (link_parse(link, &out, &why) < 0) {
                caught++;
            } else {
                missed++;
                link_deinit(&out);
            }
            link[at] = was;
        }
    assert_int_equal(caught + missed, 55 * 31);
    assert_true(missed <= 1); /* of 65536 it is one that passes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_forms_that_mean_the_same),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_typos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
