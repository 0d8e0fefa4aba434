/*
 * Invites, and their file: what is written comes back, and what is damaged or
 * of a newer version is told as such.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tunnel/invites.h"
#include "tunnel/state_text.h"

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"phone", "a", "Laptop-2", "my.box_3"};
    static const char *const bad[] = {"", "-x", "a b", "a\n", "a/b", "ä", "a:b"};
    char longest[INVITE_NAME_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(invite_name_check(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(invite_name_check(bad[i]));
    memset(longest, 'a', sizeof longest);
    longest[INVITE_NAME_MAX + 1] = '\0';
    assert_non_null(invite_name_check(longest));
    longest[INVITE_NAME_MAX] = '\0';
    assert_null(invite_name_check(longest));
}

static void test_lifetimes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"90s", 90},    {"30m", 1800},   {"12h", 43200},
                {"7d", 604800}, {"4w", 2419200}, {"999999s", 999999}};
    static const char *const bad[] = {"",    "7",   "d",    "0d", "-1d",
                                      "7dd", "7 d", "1.5h", "7y", "99999999999999999999d"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t seconds = 0;
        assert_null(invite_lifetime_parse(good[i].text, &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
    int64_t none = 0;
    assert_non_null(strstr(invite_lifetime_parse("1000000s", &none), "at most 999999 "));
    assert_non_null(strstr(invite_lifetime_parse("99999999999999999999d", &none), "at most "));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t seconds = 0;
        if (!invite_lifetime_parse(bad[i], &seconds))
            fail_msg("%s is taken", bad[i]);
    }
}

static void test_expiry_and_rules(void **state)
{
    (void)state;
    struct invite invite;
    invite_init(&invite, "phone", 1000);
    assert_false(invite_has_expired(&invite, INT64_MAX));
    invite.expires_s = 2000;
    assert_false(invite_has_expired(&invite, 1999));
    assert_true(invite_has_expired(&invite, 2000));
    assert_true(invite_allows(&invite, SPAN_LITERAL("POST"), SPAN_LITERAL("/x/../y")));
    assert_null(invite_add_rule(&invite, "GET /v1/*"));
    assert_null(invite_add_rule(&invite, "POST /v1/chat/completions"));
    assert_non_null(invite_add_rule(&invite, "nonsense"));
    assert_int_equal(invite.rule_count, 2);
    assert_true(invite_allows(&invite, SPAN_LITERAL("GET"), SPAN_LITERAL("/v1/models")));
    assert_true(invite_allows(&invite, SPAN_LITERAL("POST"), SPAN_LITERAL("/v1/chat/completions")));
    assert_false(invite_allows(&invite, SPAN_LITERAL("POST"), SPAN_LITERAL("/v1/models")));
    assert_false(invite_allows(&invite, SPAN_LITERAL("GET"), SPAN_LITERAL("/v1/../admin")));
    invite_deinit(&invite);
}

static void fill(struct invites *all)
{
    invites_init(all);
    invites_set_signal(all, "wss://signal.example.org/x y");
    struct invite *phone = invites_add(all, "phone", 1764448651);
    invite_add_rule(phone, "GET /v1/*");
    invite_add_rule(phone, "* /health");
    phone->expires_s = 1765053451;
    invite_see(phone, 1764448700, "198.51.100.7:4711");
    invites_add(all, "laptop", 1764448652);
}

static void encode(const struct invites *all, struct buf *text)
{
    buf_init(text, STATE_TEXT_MAX);
    assert_true(invites_encode(all, text));
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct invites all, back;
    struct buf text, again;
    fill(&all);
    encode(&all, &text);
    assert_int_equal(invites_decode(buf_bytes(&text), &back), 0);
    assert_string_equal(back.signal, all.signal);
    assert_int_equal(back.count, 2);
    const struct invite *phone = invites_find(&back, "phone");
    assert_memory_equal(phone->secret, all.at[0]->secret, INVITE_SECRET_LEN);
    assert_int_equal(phone->made_s, 1764448651);
    assert_int_equal(phone->expires_s, 1765053451);
    assert_int_equal(phone->seen_s, 1764448700);
    assert_string_equal(phone->from, "198.51.100.7:4711");
    assert_int_equal(phone->rule_count, 2);
    assert_string_equal(phone->rules[1], "* /health");
    encode(&back, &again);
    assert_true(span_is_equal(buf_bytes(&text), buf_bytes(&again)));
    buf_deinit(&text);
    buf_deinit(&again);
    invites_deinit(&all);
    invites_deinit(&back);
}

static void test_none(void **state)
{
    (void)state;
    struct invites all, back;
    struct buf text;
    invites_init(&all);
    encode(&all, &text);
    assert_int_equal(invites_decode(buf_bytes(&text), &back), 0);
    assert_int_equal(back.count, 0);
    assert_null(back.signal);
    buf_deinit(&text);
}

/* Each byte that flips, and each length that is left of it. */
static void test_damage(void **state)
{
    (void)state;
    struct invites all, back;
    struct buf text;
    fill(&all);
    encode(&all, &text);
    struct span bytes = buf_bytes(&text);
    uint8_t *copy = xcalloc(bytes.len, 1);
    for (size_t i = 0; i < bytes.len; i++) {
        memcpy(copy, bytes.data, bytes.len);
        copy[i] ^= 1;
        assert_true(invites_decode(span_of(copy, bytes.len), &back) < 0);
        struct guard guard = guard_new(bytes.data, i);
        assert_int_equal(invites_decode(guard.bytes, &back), -EINVAL);
        guard_free(&guard);
    }
    free(copy);
    buf_deinit(&text);
    invites_deinit(&all);
}

/* Lines that are whole and say what no file of ours says. */
static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        int expected;
    } rows[] = {
        {"invite a\nsecret SECRET\n", 0},
        {"invite a\nsecret SECRET\nlater thing\n", 0},
        {"later thing\ninvite a\nsecret SECRET\n", 0},
        {"invite a\n", -EINVAL},
        {"invite a\ninvite b\nsecret SECRET\n", -EINVAL},
        {"invite a\nsecret SECRET\ninvite a\nsecret SECRET\n", -EINVAL},
        {"invite a b\nsecret SECRET\n", -EINVAL},
        {"invite a\nsecret aaaa\n", -EINVAL},
        {"invite a\nsecret SECRET\nmade x\n", -EINVAL},
        {"invite a\nsecret SECRET\nexpires 0\n", -EINVAL},
        {"invite a\nsecret SECRET\nseen 5\n", -EINVAL},
        {"invite a\nsecret SECRET\nseen 5 a b\n", -EINVAL},
        {"invite a\nsecret SECRET\nallow GET\n", -EINVAL},
        {"nothing\n", -EINVAL},
    };
    uint8_t secret[INVITE_SECRET_LEN] = {7};
    struct buf value;
    buf_init(&value, 256);
    state_text_put_bytes(&value, "secret", span_of(secret, sizeof secret));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct invites back;
        struct buf text;
        buf_init(&text, STATE_TEXT_MAX);
        state_text_begin(&text, "invites");
        for (const char *at = rows[i].lines; *at;) {
            bool is_secret = strncmp(at, "secret SECRET\n", 14) == 0;
            size_t len = strcspn(at, "\n") + 1;
            buf_append(&text, is_secret ? buf_bytes(&value) : span_of(at, len));
            at += len;
        }
        state_text_end(&text);
        int result = invites_decode(buf_bytes(&text), &back);
        if (result != rows[i].expected)
            fail_msg("%s: %d", rows[i].lines, result);
        if (result == 0)
            invites_deinit(&back);
        buf_deinit(&text);
    }
    buf_deinit(&value);
}

static void test_other_kinds(void **state)
{
    (void)state;
    struct invites back;
    assert_int_equal(invites_decode(SPAN_LITERAL("httptunnel invites 2\nwhatever\n"), &back),
                     -EPROTONOSUPPORT);
    assert_int_equal(invites_decode(SPAN_LITERAL("httptunnel identity 1\nseed x\n"), &back),
                     -EINVAL);
    assert_int_equal(invites_decode(SPAN_LITERAL("[tunnel]\n"), &back), -EINVAL);
}

static void test_most(void **state)
{
    (void)state;
    struct invites all;
    invites_init(&all);
    for (int i = 0; i < INVITES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "d%d", i);
        assert_non_null(invites_add(&all, name, 1));
    }
    assert_null(invites_add(&all, "one-more", 1));
    assert_true(invites_remove(&all, "d17"));
    assert_false(invites_remove(&all, "d17"));
    assert_non_null(invites_find(&all, "d18"));
    assert_int_equal(all.count, INVITES_MAX - 1);
    invites_deinit(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lifetimes),
        cmocka_unit_test(test_expiry_and_rules),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
