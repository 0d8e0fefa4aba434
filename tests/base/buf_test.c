/*
 * The byte queue against a plain model of it, and its maximum.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"

static void test_basics(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_null(b.data); /* nothing is allocated before the first byte */
    assert_int_equal(buf_append_string(&b, "hello"), 0);
    assert_true(span_is_string(buf_bytes(&b), "hello"));
    buf_consume(&b, 2);
    assert_true(span_is_string(buf_bytes(&b), "llo"));
    assert_int_equal(buf_append_format(&b, "%d", 123), 0);
    assert_true(span_is_string(buf_bytes(&b), "llo123"));
    assert_int_equal(buf_room(&b), 4);
    buf_clear(&b);
    assert_int_equal(b.len, 0);
    buf_deinit(&b);
    assert_int_equal(buf_append_string(&b, "again"), 0);
    buf_deinit(&b);
}

static void test_maximum(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    assert_int_equal(buf_append_string(&b, "12345"), -ENOBUFS);
    assert_int_equal(b.len, 0);
    assert_int_equal(buf_append_string(&b, "123"), 0);
    assert_int_equal(buf_append_string(&b, "45"), -ENOBUFS);
    assert_int_equal(buf_append_format(&b, "%s", "45"), -ENOBUFS);
    assert_true(span_is_string(buf_bytes(&b), "123"));
    assert_null(buf_reserve(&b, 2));
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_int_equal(buf_append_string(&b, "4"), 0);
    /* What was consumed is room again. */
    buf_consume(&b, 1);
    assert_int_equal(buf_append_string(&b, "5"), 0);
    assert_true(span_is_string(buf_bytes(&b), "2345"));
    buf_deinit(&b);
}

static void test_reserve(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(buf_append_string(&b, "abc"), 0);
    uint8_t *room = buf_reserve(&b, 70000);
    assert_non_null(room);
    memset(room, 'x', 70000);
    buf_commit(&b, 2);
    assert_true(span_is_string(buf_bytes(&b), "abcxx"));
    assert_non_null(buf_reserve(&b, 0));
    buf_deinit(&b);
}

static void test_gives_memory_back(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_non_null(buf_reserve(&b, 1 << 20));
    buf_commit(&b, 1 << 20);
    buf_consume(&b, 1 << 20);
    assert_int_equal(b.cap, 0);
    buf_deinit(&b);
}

/* Random appends and consumes; the queue holds the numbers in order. */
static void test_model(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5000);
    uint8_t first = 0;
    uint8_t next = 0;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[300];
        size_t len = (size_t)rand() % sizeof bytes;
        if (len <= buf_room(&b)) {
            for (size_t i = 0; i < len; i++)
                bytes[i] = (uint8_t)(next + i);
            next = (uint8_t)(next + len);
            assert_int_equal(buf_append(&b, span_of(bytes, len)), 0);
        }
        size_t used = (size_t)rand() % 300;
        used = used < b.len ? used : b.len;
        struct span queued = buf_bytes(&b);
        for (size_t i = 0; i < used; i++)
            assert_int_equal(queued.data[i], (uint8_t)(first + i));
        first = (uint8_t)(first + used);
        buf_consume(&b, used);
    }
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basics),  cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_reserve), cmocka_unit_test(test_gives_memory_back),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
