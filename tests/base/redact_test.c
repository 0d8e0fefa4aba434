/*
 * What is shown of a link, of its parts, and of what is none.
 */
#include "testing.h"

#include <stdlib.h>

#include "base/redact.h"

#define SECRET "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypwgdi"

static void test_what_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"", ""},
        {"https://signal.host1.example.org:8443/a", "https://signal.host1.example.org:8443/a"},
        {"https://h/#t1." SECRET, "https://h/#…"},
        {"https://h/#t1-aaaq-eaye", "https://h/#…"},
        {"https://h/#", "https://h/#"},
        {"t1." SECRET, "…"},
        {"t1.aaaqe", "…"},
        {SECRET, "…"},
        {"https://h/%23t1." SECRET, "https://h/%23t1.…"},
        {"--signal=ws://h/t1." SECRET "#x", "--signal=ws://h/t1.…"},
        {"ws://h/a1234567890123456789", "ws://h/…"},
        {"redis://:pass@h:1/0", "redis://…"},
        {"redis://h:1/0", "redis://h:1/0"},
        {"ws://h/1234567890123456789/", "ws://h/1234567890123456789/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *shown = redact(rows[i].text);
        assert_string_equal(shown, rows[i].shown);
        assert_int_equal(redact_hides(rows[i].text), strcmp(shown, rows[i].text) != 0);
        free(shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
