/*
 * Shapes and bounds. That the bytes are unpredictable is the kernel's word.
 */
#include "testing.h"

#include "base/random.h"

static void test_below(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t value = random_below(5);
        assert_true(value < 5);
        seen |= 1u << value;
    }
    assert_int_equal(seen, 31);
    assert_int_equal(random_below(1), 0);
    assert_true(random_below(UINT32_MAX) < UINT32_MAX);
}

static void test_bytes(void **state)
{
    (void)state;
    uint8_t a[300] = {0};
    uint8_t b[300] = {0};
    random_bytes(a, sizeof a); /* more than getrandom(2) promises at once */
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    random_bytes(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
