/*
 * Offers that are not answered are said again, for a while.
 */
#include "tunnel/repeat.h"

#include <string.h>

#include "base/buf.h"
#include "testing.h"

static void say(const char *peer, enum seal_type type, const char *wire, void *arg)
{
    buf_append_format(arg, "%s %s %s\n", peer, seal_type_name(type), wire);
}

/* What is said at that time. */
static void expect(struct repeats *all, uint64_t now_us, const char *text)
{
    struct buf said;
    buf_init(&said, 1 << 20);
    repeats_run(all, now_us, say, &said);
    buf_append(&said, span_of((const uint8_t *)"", 1));
    assert_string_equal((const char *)buf_bytes(&said).data, text);
    buf_deinit(&said);
}

#define BOTH "p offer o1\np candidate c1\n"

static void test_unanswered(void **state)
{
    (void)state;
    struct repeats all;
    repeats_init(&all);
    assert_int_equal(repeats_due_us(&all), TIME_NEVER);
    repeats_add(&all, "p", SEAL_OFFER, "o1", 7);
    repeats_add(&all, "p", SEAL_CANDIDATE, "c1", 8);
    uint64_t due_us = 7 + REPEAT_FIRST_US;
    assert_int_equal(repeats_due_us(&all), due_us);
    expect(&all, due_us - 1, "");
    for (int i = 0; i < REPEAT_TIMES; i++) {
        assert_int_equal(repeats_due_us(&all), due_us);
        expect(&all, due_us, BOTH);
        due_us += REPEAT_FIRST_US << (i + 1);
    }
    assert_int_equal(repeats_due_us(&all), TIME_NEVER);
    assert_int_equal(all.bytes, 0);
    repeats_deinit(&all);
}

static void test_heard(void **state)
{
    (void)state;
    struct repeats all;
    repeats_init(&all);
    repeats_add(&all, "p", SEAL_OFFER, "o1", 0);
    repeats_add(&all, "q", SEAL_OFFER, "o2", 0);
    repeats_forget(&all, "p");
    repeats_add(&all, "p", SEAL_CANDIDATE, "c1", 0); /* of an offer that was answered */
    expect(&all, REPEAT_FIRST_US, "q offer o2\n");
    repeats_clear(&all);
    assert_int_equal(repeats_due_us(&all), TIME_NEVER);
    repeats_deinit(&all);
}

static void test_newer(void **state)
{
    (void)state;
    struct repeats all;
    repeats_init(&all);
    repeats_add(&all, "p", SEAL_OFFER, "o1", 0);
    repeats_add(&all, "p", SEAL_CANDIDATE, "c1", 0);
    repeats_add(&all, "p", SEAL_OFFER, "o2", 5);
    repeats_add(&all, "p", SEAL_ANSWER, "to an offer of its own", 5);
    repeats_add(&all, NULL, SEAL_OFFER, "o3", 6); /* where the server names nobody */
    expect(&all, REPEAT_FIRST_US + 5, "p offer o2\n");
    expect(&all, REPEAT_FIRST_US + 6, " offer o3\n");
    repeats_deinit(&all);
    assert_int_equal(all.bytes, 0);
}

static void test_limit(void **state)
{
    (void)state;
    static char large[REPEAT_BYTES_MAX];
    struct repeats all;
    memset(large, 'x', sizeof large - 1);
    repeats_init(&all);
    repeats_add(&all, "p", SEAL_OFFER, "o", 0);
    repeats_add(&all, "p", SEAL_CANDIDATE, large, 0); /* just fits */
    assert_int_equal(all.bytes, REPEAT_BYTES_MAX);
    repeats_add(&all, "p", SEAL_CANDIDATE, "x", 0);
    assert_int_equal(all.bytes, 0);
    assert_int_equal(repeats_due_us(&all), TIME_NEVER);
    repeats_deinit(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unanswered),
        cmocka_unit_test(test_heard),
        cmocka_unit_test(test_newer),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
