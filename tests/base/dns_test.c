/*
 * Names and messages of DNS: whole, cut off anywhere, flush to a guard page,
 * and hostile.
 */
#include "base/dns.h"

#include <errno.h>

#include "testing.h"

static void write_message(struct buf *out)
{
    buf_init(out, 512);
    dns_write_header(out, 7, DNS_FLAG_RESPONSE);
    dns_write_question(out, "a.local", DNS_A, DNS_CLASS_TOP | DNS_CLASS_IN);
    dns_write_record(out, 0, "b.c.local", DNS_TXT, DNS_CLASS_IN, 60, SPAN_LITERAL("x"));
    dns_write_record(out, 2, "d.local", DNS_A, DNS_CLASS_TOP | DNS_CLASS_IN, 0,
                     SPAN_LITERAL("1234"));
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct buf message;
    struct dns_reader reader;
    struct dns_record record;
    write_message(&message);
    struct span m = buf_bytes(&message);
    assert_int_equal(dns_reader_init(&reader, m), 0);
    assert_int_equal(reader.flags, DNS_FLAG_RESPONSE);
    assert_int_equal(dns_reader_question(&reader, &record), 1);
    assert_true(record.has_top_bit && record.type == DNS_A && record.class == DNS_CLASS_IN);
    assert_true(dns_name_is(m, record.name_at, "A.LOCAL"));
    assert_false(dns_name_is(m, record.name_at, "a.local.x"));
    assert_false(dns_name_is(m, record.name_at, "a"));
    assert_int_equal(dns_reader_question(&reader, &record), 0);
    assert_int_equal(dns_reader_record(&reader, &record), 1);
    assert_true(record.is_answer && !record.has_top_bit && record.ttl == 60);
    assert_true(span_is_string(record.data, "x"));
    assert_int_equal(dns_reader_record(&reader, &record), 1);
    assert_false(record.is_answer);
    assert_true(span_is_string(record.data, "1234"));
    assert_int_equal(dns_reader_record(&reader, &record), 0);
    buf_deinit(&message);
}

static int read_all(struct span m)
{
    struct dns_reader reader;
    struct dns_record record;
    if (dns_reader_init(&reader, m) < 0 || dns_reader_skip_questions(&reader) < 0)
        return -EINVAL;
    int more;
    while ((more = dns_reader_record(&reader, &record)) > 0)
        continue;
    return more;
}

static void test_cut_off(void **state)
{
    (void)state;
    struct buf message;
    write_message(&message);
    for (size_t len = 0; len <= message.len; len++) {
        struct guard g = guard_new(message.data, len);
        assert_int_equal(read_all(g.bytes), len == message.len ? 0 : -EINVAL);
        guard_free(&g);
    }
    buf_deinit(&message);
}

/* What endless names would be: pointers to themselves, forward, to and fro. */
static void test_pointers(void **state)
{
    (void)state;
    static const char *const names[] = {"\xc0\x0c",
                                        "\xc0\x0d",
                                        "\xc0\x0e",
                                        "\x01"
                                        "a\xc0\x0c",
                                        "\x40",
                                        "\x80"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint8_t bytes[64] = {[5] = 1};
        size_t len = DNS_HEADER_LEN;
        memcpy(bytes + len, names[i], strlen(names[i]));
        struct guard g = guard_new(bytes, sizeof bytes);
        assert_int_equal(read_all(g.bytes), -EINVAL);
        assert_false(dns_name_is(g.bytes, len, ""));
        guard_free(&g);
    }
}

static void test_names(void **state)
{
    (void)state;
    char label[65] = {0};
    uint8_t out[DNS_NAME_MAX];
    memset(label, 'a', 63);
    assert_int_equal(dns_name_encode("a.b", out), 5);
    assert_memory_equal(out, "\1a\1b\0", 5);
    assert_int_equal(dns_name_encode(label, out), 65);
    label[63] = 'a';
    assert_int_equal(dns_name_encode(label, out), -EINVAL);
    assert_int_equal(dns_name_encode("", out), -EINVAL);
    assert_int_equal(dns_name_encode("a..b", out), -EINVAL);
    assert_int_equal(dns_name_encode(".a", out), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
