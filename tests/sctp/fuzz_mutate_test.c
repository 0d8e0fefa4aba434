/*
 * The mutator of fuzz_assoc: a seed always gives the same script, no script
 * grows beyond its limit, and every operation comes up.
 */
#include "testing.h"

#include "fuzz_script.h"

enum { MAX = 300, SEEDS = 20000 / SEEDS_SHARE, CANARY = 0xA5 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_len, const uint8_t *two,
                                 size_t two_len, uint8_t *out, size_t max_len, unsigned seed);

/* In the place of libFuzzer's. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    assert_true(size > 0 && size <= max_size);
    data[0] ^= 1;
    return size;
}

static void mutates_by_seed(void **state)
{
    (void)state;
    uint8_t script[MAX + 1] = {0};
    uint8_t again[MAX + 1];
    size_t len = 0;
    unsigned seen = 0;
    script[MAX] = CANARY;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        memcpy(again, script, sizeof again);
        size_t same = LLVMFuzzerCustomMutator(again, len, MAX, seed);
        len = LLVMFuzzerCustomMutator(script, len, MAX, seed);
        assert_true(len >= 1 && len <= MAX);
        assert_int_equal(len, same);
        assert_memory_equal(script, again, len);
        assert_int_equal(script[MAX], CANARY);
        size_t at = 1;
        for (size_t step; at < len; at += step) {
            step = script_step_len(script + at, len - at);
            assert_true(step > 0);
            seen |= 1u << script[at] % SCRIPT_OPS;
        }
        assert_int_equal(at, len);
    }
    assert_int_equal(seen, (1u << SCRIPT_OPS) - 1);
}

static void crosses_between_steps(void **state)
{
    (void)state;
    /* Steps of two bytes each, told apart by the stream that they reset. */
    const uint8_t one[] = {1, SCRIPT_RESET, 1, SCRIPT_RESET, 1, SCRIPT_RESET, 1};
    const uint8_t two[] = {2, SCRIPT_RESET, 2, SCRIPT_RESET, 2, SCRIPT_RESET, 2};
    unsigned lens = 0;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        uint8_t out[MAX];
        size_t len = LLVMFuzzerCustomCrossOver(one, sizeof one, two, sizeof two, out, MAX, seed);
        assert_true(len % 2 == 1 && len <= 13);
        assert_int_equal(out[0], 1);
        for (size_t at = 1; at < len; at += 2) {
            assert_int_equal(out[at], SCRIPT_RESET);
            assert_true(at == 1 || out[at + 1] >= out[at - 1]);
        }
        lens |= 1u << len;
    }
    assert_int_equal(lens, 0x2AAA); /* 1, 3, … 13 */
    uint8_t small[4];
    assert_int_equal(LLVMFuzzerCustomCrossOver(one, sizeof one, two, sizeof two, small, 4, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutates_by_seed),
        cmocka_unit_test(crosses_between_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
