/*
 * What several connections read in a turn, each as much as another.
 */
#include "net/read_share.h"

#include "testing.h"

/* Turns in which so many read all that they may of what there is room for:
 * what each read in the last one. */
static void run(struct read_share *share, unsigned readers, size_t room, size_t *read)
{
    for (int turn = 0; turn < 2; turn++) {
        size_t left = room;
        for (unsigned i = 0; i < readers; i++) {
            read[i] = read_share_bytes(share, left);
            left -= read[i] < left ? read[i] : left;
            read_share_done(share);
        }
        read_share_end_turn(share);
    }
}

static void test_one_alone_has_all(void **state)
{
    (void)state;
    struct read_share share = {0};
    size_t read[1];
    assert_int_equal(read_share_reads(&share), READ_SHARE_READS);
    run(&share, 1, 1000, read);
    assert_int_equal(read[0], 1000);
    assert_int_equal(read_share_reads(&share), READ_SHARE_READS);
}

static void test_several_have_equal_parts(void **state)
{
    (void)state;
    struct read_share share = {0};
    size_t read[8];
    run(&share, 8, 1000, read);
    for (int i = 0; i < 8; i++)
        assert_int_equal(read[i], 125);
    assert_int_equal(read_share_reads(&share), 1);
    run(&share, 2, 1000, read);
    assert_int_equal(read[0], 500);
    assert_int_equal(read[1], 500);
    assert_int_equal(read_share_reads(&share), READ_SHARE_READS / 2);
}

/* Who comes beside those that were there before has what is left. */
static void test_one_more_than_before(void **state)
{
    (void)state;
    struct read_share share = {.before = 2, .now = 2};
    assert_int_equal(read_share_bytes(&share, 300), 300);
}

static void test_no_room_is_none(void **state)
{
    (void)state;
    const struct read_share share = {.before = 3};
    assert_int_equal(read_share_bytes(&share, 0), 0);
    assert_int_equal(read_share_bytes(&share, 1), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_alone_has_all),
        cmocka_unit_test(test_several_have_equal_parts),
        cmocka_unit_test(test_one_more_than_before),
        cmocka_unit_test(test_no_room_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
