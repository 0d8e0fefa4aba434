/*
 * A chain against a plain buffer that does the same.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/chain.h"

enum { MAX = 1 << 20, PARTS = 5 };

static uint32_t draw(uint32_t below)
{
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

static void check_same(const struct chain *chain, const struct buf *buf)
{
    struct span parts[PARTS];
    size_t count = chain_parts(chain, parts, PARTS);
    const uint8_t *at = buf_bytes(buf).data;
    size_t seen = 0;
    assert_int_equal(chain->len, buf->len);
    for (size_t i = 0; i < count; i++) {
        assert_true(parts[i].len > 0 && parts[i].len <= buf->len - seen);
        assert_memory_equal(parts[i].data, at + seen, parts[i].len);
        seen += parts[i].len;
    }
    assert_true(count == PARTS || seen == buf->len);
}

static void test_as_a_buffer(void **state)
{
    (void)state;
    static uint8_t bytes[200 << 10];
    struct chain chain;
    struct buf buf;
    chain_init(&chain, MAX);
    buf_init(&buf, MAX);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 ^ i >> 9);
    for (int step = 0; step < 4000; step++) {
        size_t most = draw(2) ? sizeof bytes : 100;
        struct span piece = span_of(bytes + draw(64), draw((uint32_t)most - 64));
        assert_int_equal(chain_append(&chain, piece), buf_append(&buf, piece));
        check_same(&chain, &buf);
        size_t gone = draw(4) == 0 ? buf.len : draw((uint32_t)buf.len + 1);
        chain_consume(&chain, gone);
        buf_consume(&buf, gone);
        check_same(&chain, &buf);
    }
    chain_clear(&chain);
    buf_clear(&buf);
    check_same(&chain, &buf);
    buf_deinit(&buf);
}

static void test_its_maximum(void **state)
{
    (void)state;
    struct chain chain;
    chain_init(&chain, 5);
    assert_int_equal(chain_append(&chain, SPAN_LITERAL("four")), 0);
    assert_int_equal(chain_append(&chain, SPAN_LITERAL("no")), -ENOBUFS);
    assert_int_equal(chain.len, 4);
    assert_int_equal(chain_append(&chain, SPAN_LITERAL("")), 0);
    assert_int_equal(chain_append(&chain, SPAN_LITERAL("5")), 0);
    struct span part;
    assert_int_equal(chain_parts(&chain, &part, 1), 1);
    assert_true(span_is_string(part, "four5"));
    chain_clear(&chain);
    assert_int_equal(chain_parts(&chain, &part, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_a_buffer),
        cmocka_unit_test(test_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
