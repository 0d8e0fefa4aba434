/*
 * Envelopes, and URLs of Redis.
 */
#include "testing.h"

#include "net/loop.h"
#include "signal/cluster/cluster_post.h"
#include "signal/cluster/envelope.h"
#include "signal/cluster/redis_url.h"

static const uint8_t from[16] = "a server's id...", room[16] = "a room's id.....";

static void test_envelope(void **state)
{
    (void)state;
    struct envelope in = {.kind = ENVELOPE_ENTER,
                          .from = from,
                          .epoch = 7,
                          .seq = 1 + ((uint64_t)1 << 40),
                          .room = room,
                          .seat = 99,
                          .age_us = 12345678901,
                          .is_first = true,
                          .has_key = true,
                          .job = SIGNAL_JOB_CONSUMER,
                          .id = "01234567-89ab-4def-8123-456789abcdef",
                          .key = "the key's hash.."};
    struct envelope out;
    uint8_t bytes[ENVELOPE_FIXED_MAX];
    size_t len = envelope_encode(&in, bytes);
    for (size_t i = 0; i < len; i++) {
        struct guard g = guard_new(bytes, i);
        assert_false(envelope_decode(g.bytes, &out));
        guard_free(&g);
    }
    struct guard g = guard_new(bytes, len);
    assert_true(envelope_decode(g.bytes, &out));
    assert_int_equal(out.kind, ENVELOPE_ENTER);
    assert_int_equal(out.seq, in.seq);
    assert_int_equal(out.seat, 99);
    assert_int_equal(out.age_us, in.age_us);
    assert_true(out.is_first && out.has_key);
    assert_int_equal(out.job, SIGNAL_JOB_CONSUMER);
    assert_string_equal(out.id, in.id);
    assert_memory_equal(out.key, in.key, sizeof in.key);
    assert_memory_equal(out.room, room, sizeof room);
    guard_free(&g);
}

static void test_kinds(void **state)
{
    (void)state;
    const struct envelope in = {.kind = ENVELOPE_OUT, .from = from, .seq = 1};
    struct envelope out;
    uint8_t bytes[ENVELOPE_FIXED_MAX];
    size_t len = envelope_encode(&in, bytes);
    assert_true(envelope_decode(span_of(bytes, len), &out));
    assert_false(envelope_decode(span_of(bytes, len + 1), &out)); /* it has no text */
    bytes[1] = ENVELOPE_BYE + 1;
    assert_false(envelope_decode(span_of(bytes, len), &out));
    bytes[1] = 0;
    assert_false(envelope_decode(span_of(bytes, len), &out));
    bytes[1] = ENVELOPE_ENTER; /* which has more, and an id that is none */
    assert_false(envelope_decode(span_of(bytes, sizeof bytes), &out));
    bytes[1] = ENVELOPE_TELL;
    assert_true(envelope_decode(span_of(bytes, len + 5), &out));
    assert_int_equal(out.text.len, 5);
    bytes[0]++;
    assert_false(envelope_decode(span_of(bytes, len), &out));
}

struct published {
    uint8_t to[2];
    char bytes[2][64];
    size_t lens[2];
    int count;
};

static void on_published(const uint8_t *to, struct span bytes, void *arg)
{
    struct published *p = arg;
    assert_true(p->count < 2 && bytes.len <= sizeof p->bytes[0]);
    p->to[p->count] = to[0];
    memcpy(p->bytes[p->count], bytes.data, bytes.len);
    p->lens[p->count++] = bytes.len;
}

/* Envelopes to one server go together, in their order, and come apart. */
static void test_post(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct published p = {0};
    struct cluster_post *post = cluster_post_new(loop, on_published, &p);
    cluster_post_put(post, from, SPAN_LITERAL("one"), SPAN_LITERAL(" envelope"));
    cluster_post_put(post, room, SPAN_LITERAL("elsewhere"), (struct span){0});
    cluster_post_put(post, from, SPAN_LITERAL("two"), (struct span){0});
    assert_int_equal(p.count, 0);
    loop_defer(loop, (void (*)(void *))loop_stop, loop);
    loop_run(loop);
    assert_int_equal(p.count, 2);
    struct guard g = guard_new(p.bytes[0], p.lens[0]);
    struct span rest = g.bytes, envelope;
    assert_true(cluster_post_next(&rest, &envelope) && span_is_string(envelope, "one envelope"));
    assert_true(cluster_post_next(&rest, &envelope) && span_is_string(envelope, "two"));
    assert_false(cluster_post_next(&rest, &envelope));
    rest = span_of(g.bytes.data, g.bytes.len - 1);
    assert_true(cluster_post_next(&rest, &envelope));
    assert_false(cluster_post_next(&rest, &envelope)); /* cut off */
    guard_free(&g);
    cluster_post_free(post);
    loop_free(loop);
}

static void check_url(const char *text, const char *host, unsigned port, const char *name)
{
    struct redis_url url;
    const char *why;
    assert_int_equal(redis_url_parse(text, &url, &why), 0);
    assert_string_equal(url.hosts[0].host, host);
    assert_int_equal(url.hosts[0].port, port);
    if (name)
        assert_string_equal(url.name, name);
    else
        assert_null(url.name);
    redis_url_deinit(&url);
}

static void test_urls(void **state)
{
    (void)state;
    struct redis_url url;
    const char *why;
    check_url("redis://h", "h", 6379, NULL);
    check_url("redis://:7000", "localhost", 7000, NULL);
    check_url("rediss://[2001:db8::1]:7000/3", "2001:db8::1", 7000, NULL);
    check_url("redis+sentinel://a,b:7001,c/main", "a", 26379, "main");
    assert_int_equal(redis_url_parse("rediss+sentinel://u:p%40ss%2f@a,b:7001/main/2", &url, &why),
                     0);
    assert_true(url.is_tls);
    assert_string_equal(url.user, "u");
    assert_string_equal(url.password, "p@ss/");
    assert_int_equal(url.host_count, 2);
    assert_int_equal(url.hosts[1].port, 7001);
    assert_int_equal(url.db, 2);
    redis_url_deinit(&url);
    assert_int_equal(redis_url_parse("redis://:secret@h/15", &url, &why), 0);
    assert_null(url.user);
    assert_string_equal(url.password, "secret");
    assert_int_equal(url.db, 15);
    redis_url_deinit(&url);
}

static void test_wrong_urls(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "must be redis://"},
        {"http://h", "must be redis://"},
        {"redis://", "has no host"},
        {"redis:///1", "has no host"},
        {"redis://h:0", "must have a port of 1"},
        {"redis://h:x", "port"},
        {"redis://a,b", "names several"},
        {"redis://h/x", "must have a number of a database"},
        {"redis://h/65536", "0 to 65535"},
        {"redis://u:%4@h", "'%'"},
        {"redis://u:%00@h", "'%'"},
        {"redis+sentinel://h", "no name of a master"},
        {"redis+sentinel://h/", "no name of a master"},
        {"redis+sentinel://a,b,c,d,e,f,g,h,i/m", "more than 8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct redis_url url;
        const char *why;
        assert_true(redis_url_parse(rows[i].text, &url, &why) < 0);
        if (!strstr(why, rows[i].why))
            fail_msg("%s: %s", rows[i].text, why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope),   cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_post),       cmocka_unit_test(test_urls),
        cmocka_unit_test(test_wrong_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
