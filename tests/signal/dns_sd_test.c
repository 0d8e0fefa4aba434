/*
 * A responder, whom a browser and a seeker ask: what is answered to whom, and
 * when.
 */
#include "signal/dns_sd.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "testing.h"

#define HASH     "0123456789abcdef0123456789abcdef"
#define OTHER    "ffffffffffffffffffffffffffffffff"
#define INSTANCE HASH "." DNS_SD_SERVICE

static const struct dns_sd_host host = {.has_v4 = true, .v4 = {192, 168, 1, 5}};

struct fixture {
    struct dns_sd_responder responder;
    struct buf out;
    struct buf query;
};

/* Whose announcements are over. */
static void setup(struct fixture *f)
{
    buf_init(&f->out, DNS_SD_MESSAGE_MAX);
    buf_init(&f->query, DNS_SD_MESSAGE_MAX);
    dns_sd_responder_init(&f->responder, HASH, 4242, &host, 0);
    assert_true(dns_sd_responder_next(&f->responder, 0, &f->out));
    buf_clear(&f->out);
    assert_true(dns_sd_responder_next(&f->responder, US_PER_S, &f->out));
    buf_clear(&f->out);
    assert_int_equal(dns_sd_responder_due_us(&f->responder), TIME_NEVER);
}

static void teardown(struct fixture *f)
{
    buf_deinit(&f->out);
    buf_deinit(&f->query);
}

static void ask(struct fixture *f, const char *name, enum dns_type type, unsigned class)
{
    buf_clear(&f->query);
    buf_clear(&f->out);
    dns_write_header(&f->query, 0xbeef, 0);
    dns_write_question(&f->query, name, type, class);
}

/* Flush to a guard page. */
static bool feed(struct fixture *f, bool is_one_shot, uint64_t now_us)
{
    struct span query = buf_bytes(&f->query);
    struct guard g = guard_new(query.data, query.len);
    bool is_answered = dns_sd_responder_feed(&f->responder, g.bytes, is_one_shot, now_us, &f->out);
    guard_free(&g);
    return is_answered;
}

/* The record of that type in out. */
static struct dns_record find(const struct fixture *f, const char *name, enum dns_type type)
{
    struct dns_reader reader;
    struct dns_record record;
    assert_int_equal(dns_reader_init(&reader, buf_bytes(&f->out)), 0);
    assert_int_equal(reader.flags, DNS_FLAG_RESPONSE | DNS_FLAG_AUTHORITATIVE);
    assert_int_equal(dns_reader_skip_questions(&reader), 0);
    while (dns_reader_record(&reader, &record) > 0) {
        if (record.type == type && dns_name_is(reader.message, record.name_at, name))
            return record;
    }
    fail_msg("no record of type %d for %s", type, name);
    return record;
}

static void test_seeker(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    dns_sd_query_write(HASH, 0xbeef, &f.query);
    assert_true(feed(&f, true, 2 * US_PER_S));
    struct span answer = buf_bytes(&f.out);
    assert_int_equal(dns_sd_answer_port(answer, HASH), 4242);
    assert_int_equal(dns_sd_answer_port(answer, OTHER), 0);
    /* As RFC 6762 section 6.7 wants it: the id, the question, short lives. */
    assert_int_equal(get_u16be(answer.data), 0xbeef);
    assert_int_equal(get_u16be(answer.data + 4), 1);
    assert_true(find(&f, INSTANCE, DNS_SRV).ttl <= 10);
    assert_false(find(&f, INSTANCE, DNS_SRV).has_top_bit);
    for (size_t len = 0; len < answer.len; len++) {
        struct guard g = guard_new(answer.data, len);
        dns_sd_answer_port(g.bytes, HASH);
        guard_free(&g);
    }
    /* A query is none. */
    assert_int_equal(dns_sd_answer_port(buf_bytes(&f.query), HASH), 0);
    teardown(&f);
}

static void test_records(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    ask(&f, DNS_SD_SERVICE, DNS_PTR, DNS_CLASS_TOP | DNS_CLASS_IN);
    assert_true(feed(&f, false, 2 * US_PER_S));
    assert_true(f.out.len <= DNS_SD_MESSAGE_MAX / 2);
    struct dns_record pointer = find(&f, DNS_SD_SERVICE, DNS_PTR);
    assert_true(dns_name_is(buf_bytes(&f.out), pointer.data_at, INSTANCE));
    assert_false(pointer.has_top_bit); /* others have one, too */
    struct dns_record service = find(&f, INSTANCE, DNS_SRV);
    assert_true(service.has_top_bit);
    assert_int_equal(get_u16be(service.data.data + 4), 4242);
    assert_true(dns_name_is(buf_bytes(&f.out), service.data_at + 6, HASH ".local"));
    assert_true(span_is_string(find(&f, INSTANCE, DNS_TXT).data, "\x25room=" HASH));
    assert_memory_equal(find(&f, HASH ".local", DNS_A).data.data, host.v4, sizeof host.v4);
    find(&f, "_services._dns-sd._udp.local", DNS_PTR);
    teardown(&f);
}

/* A browser hears it with all others, a little later, and not all the time. */
static void test_browser(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    uint64_t now_us = 5 * US_PER_S;
    ask(&f, DNS_SD_SERVICE, DNS_PTR, DNS_CLASS_IN);
    assert_false(feed(&f, false, now_us));
    uint64_t due_us = dns_sd_responder_due_us(&f.responder);
    assert_in_range(due_us, now_us + 20 * US_PER_MS, now_us + 120 * US_PER_MS);
    assert_false(dns_sd_responder_next(&f.responder, due_us - 1, &f.out));
    assert_true(dns_sd_responder_next(&f.responder, due_us, &f.out));
    find(&f, DNS_SD_SERVICE, DNS_PTR);
    assert_int_equal(dns_sd_responder_due_us(&f.responder), TIME_NEVER);
    ask(&f, INSTANCE, DNS_SRV, DNS_CLASS_IN); /* at once, if that is not too soon */
    feed(&f, false, due_us + 1);
    assert_int_equal(dns_sd_responder_due_us(&f.responder), due_us + US_PER_S);
    assert_true(dns_sd_responder_next(&f.responder, due_us + US_PER_S, &f.out));
    ask(&f, HASH ".local", DNS_A, DNS_CLASS_IN);
    feed(&f, false, due_us + 9 * US_PER_S);
    assert_int_equal(dns_sd_responder_due_us(&f.responder), due_us + 9 * US_PER_S);
    teardown(&f);
}

/* Who has heard it lately is not told again. */
static void test_known(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    for (uint32_t ttl = 2249; ttl <= 2250; ttl++) {
        uint8_t name[DNS_NAME_MAX];
        int len = dns_name_encode(INSTANCE, name);
        ask(&f, DNS_SD_SERVICE, DNS_PTR, DNS_CLASS_IN);
        dns_write_record(&f.query, 0, DNS_SD_SERVICE, DNS_PTR, DNS_CLASS_IN, ttl,
                         span_of(name, (size_t)len));
        feed(&f, false, 9 * US_PER_S);
        assert_int_equal(dns_sd_responder_due_us(&f.responder) != TIME_NEVER, ttl < 2250);
        dns_sd_responder_next(&f.responder, 99 * US_PER_S, &f.out);
    }
    teardown(&f);
}

static void test_others(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum dns_type type;
        unsigned class;
    } cases[] = {{OTHER "." DNS_SD_SERVICE, DNS_SRV, DNS_CLASS_IN},
                 {INSTANCE, DNS_SRV, 3},
                 {INSTANCE, DNS_AAAA, DNS_CLASS_IN},
                 {HASH ".local", DNS_AAAA, DNS_CLASS_IN},
                 {"_ipp._tcp.local", DNS_PTR, DNS_CLASS_IN},
                 {DNS_SD_SERVICE, DNS_SRV, DNS_CLASS_IN}};
    struct fixture f;
    setup(&f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask(&f, cases[i].name, cases[i].type, cases[i].class);
        assert_false(feed(&f, true, 9 * US_PER_S));
        assert_int_equal(f.out.len, 0);
    }
    dns_sd_query_write(HASH, 1, &f.query); /* cut off, or two in one */
    for (size_t len = 0; len < f.query.len; len++) {
        struct guard g = guard_new(f.query.data, len);
        dns_sd_responder_feed(&f.responder, g.bytes, true, 9 * US_PER_S, &f.out);
        guard_free(&g);
    }
    teardown(&f);
}

static void test_goodbye(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    dns_sd_responder_goodbye(&f.responder, &f.out);
    assert_int_equal(find(&f, DNS_SD_SERVICE, DNS_PTR).ttl, 0);
    assert_int_equal(find(&f, INSTANCE, DNS_SRV).ttl, 0);
    assert_int_equal(dns_sd_answer_port(buf_bytes(&f.out), HASH), 0);
    teardown(&f);
}

/* Of an interface with an address of each family both are told, whichever is
 * asked for; with one alone, the other is not there. */
static void test_families(void **state)
{
    (void)state;
    static const struct dns_sd_host both = {.has_v4 = true,
                                            .has_v6 = true,
                                            .v4 = {192, 168, 1, 5},
                                            .v6 = {0xfe, 0x80, [15] = 5}};
    struct fixture f;
    setup(&f);
    ask(&f, HASH ".local", DNS_AAAA, DNS_CLASS_IN);
    assert_false(feed(&f, true, 10 * US_PER_S));
    dns_sd_responder_init(&f.responder, HASH, 4242, &both, 0);
    ask(&f, HASH ".local", DNS_AAAA, DNS_CLASS_IN);
    assert_true(feed(&f, true, 10 * US_PER_S));
    assert_memory_equal(find(&f, HASH ".local", DNS_AAAA).data.data, both.v6, sizeof both.v6);
    assert_memory_equal(find(&f, HASH ".local", DNS_A).data.data, both.v4, sizeof both.v4);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_families), cmocka_unit_test(test_seeker),
        cmocka_unit_test(test_records),  cmocka_unit_test(test_browser),
        cmocka_unit_test(test_known),    cmocka_unit_test(test_others),
        cmocka_unit_test(test_goodbye),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
