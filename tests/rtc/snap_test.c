/*
 * The value of a=sctp-init: the example of the draft, what is none, and there
 * and back.
 */
#include "testing.h"

#include <errno.h>

#include "base/bytes.h"
#include "base/random.h"
#include "rtc/snap.h"

/* draft-hancke-tsvwg-snap-00 section 4: 30 bytes, so no padding. */
static const char example[] = "AQAAHols3R0AUAAA/////+B5ZR3AAAAEgAgABoLA";

static void test_example(void **state)
{
    (void)state;
    uint8_t init[SCTP_INIT_MAX];
    char text[SNAP_TEXT_MAX + 1];
    assert_int_equal(snap_decode(example, init), 30);
    assert_int_equal(get_u32be(init + 4), 0x896cdd1d);
    assert_int_equal(get_u32be(init + 16), 0xe079651d);
    snap_encode(span_of(init, 30), text);
    assert_string_equal(text, example);
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "=",
        "==",
        "====",
        "AQAA",
        "AQAAHols3R0AUAAA_____-B5ZR3AAAAEgAgABoLA",
        "AQAAHols3R0AUAAA/////+B5ZR3AAAAEgAgABoLA====",
        "AQAAHols3R0AUAAA/////+B5ZR3AAAAEgAgABoL=",
        " AQAAHols3R0AUAAA/////+B5ZR3AAAAEgAgABoLA",
        /* An INIT-ACK, and a tag of 0. */
        "AgAAHols3R0AUAAA/////+B5ZR3AAAAEgAgABoLA",
        "AQAAHgAAAAAAUAAA/////+B5ZR3AAAAEgAgABoLA",
    };
    uint8_t init[SCTP_INIT_MAX];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(snap_decode(texts[i], init), -EINVAL);
    char longest[2 * SNAP_TEXT_MAX] = {0};
    memset(longest, 'A', sizeof longest - 1);
    assert_int_equal(snap_decode(longest, init), -EINVAL);
    longest[SNAP_TEXT_MAX] = '\0';
    assert_int_equal(snap_decode(longest, init), -EINVAL);
}

/* Of each length, and so with each padding, which may also be missing. */
static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 12; extra++) {
        size_t len = 20 + (extra ? 4 + extra : 0);
        uint8_t init[SCTP_INIT_MAX] = {1, 0, 0, (uint8_t)len, 1, 2, 3, 4};
        uint8_t back[SCTP_INIT_MAX];
        char text[SNAP_TEXT_MAX + 1];
        init[13] = init[15] = 1; /* streams */
        if (extra) {             /* a parameter that is to be skipped */
            random_bytes(init + 24, extra);
            put_u16be(init + 20, 0x8777);
            put_u16be(init + 22, (uint16_t)(4 + extra));
        }
        snap_encode(span_of(init, len), text);
        assert_int_equal(strlen(text) % 4, 0);
        assert_int_equal(snap_decode(text, back), len);
        assert_memory_equal(back, init, len);
        char *padding = strchr(text, '=');
        if (padding)
            *padding = '\0';
        assert_int_equal(snap_decode(text, back), len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
