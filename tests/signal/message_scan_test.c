/*
 * What a signal server finds of a message without decoding it, flush against a
 * guard page; tests/fuzz/message_scan.c compares it with the decoder.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "signal/message_scan.h"

static bool scan(const char *json, size_t len, struct signal_message *out, char **passed_on)
{
    static char id[] = "me";
    struct guard g = guard_new(json, len);
    bool is_plain = message_scan(g.bytes, out);
    if (is_plain && passed_on) {
        out->peer_id = id;
        *passed_on = signal_message_encode(out);
        out->peer_id = NULL;
    }
    guard_free(&g);
    return is_plain;
}

static void passes_on_what_came(void **state)
{
    (void)state;
    static const struct {
        const char *json, *to, *passed_on;
    } rows[] = {
        {"{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}", NULL,
         "{\"type\":\"offer\",\"peerId\":\"me\",\"sdp\":\"v=0\\r\\n\"}"},
        {" { \"sdp\" : \"\\u00fc\\/\xc3\xbc\" ,\n\"to\":\"91aa\",\"type\" : \"answer\" } ", "91aa",
         "{\"type\":\"answer\",\"peerId\":\"me\",\"sdp\":\"\\u00fc\\/\xc3\xbc\"}"},
        {"{\"type\":\"candidate\",\"candidate\":\"\",\"sdp\":\"not ours\",\"to\":\"\"}", NULL,
         "{\"type\":\"candidate\",\"peerId\":\"me\",\"candidate\":\"\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct signal_message m;
        char *passed_on;
        assert_true(scan(rows[i].json, strlen(rows[i].json), &m, &passed_on));
        assert_string_equal(passed_on, rows[i].passed_on);
        assert_true(rows[i].to ? m.to && strcmp(m.to, rows[i].to) == 0 : !m.to);
        free(passed_on);
        signal_message_deinit(&m);
    }
}

/* Each may still decode. */
static void leaves_the_rest_to_the_decoder(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "[]",
        "{}",
        "{\"type\":\"offer\"}",
        "{\"type\":\"offer\",\"candidate\":\"x\"}",
        "{\"type\":\"join\",\"sdp\":\"x\"}",
        "{\"type\":\"off\\u0065r\",\"sdp\":\"x\"}",
        "{\"typ\\u0065\":\"offer\",\"sdp\":\"x\"}",
        "{\"type\":\"offer\",\"sdp\":\"x\",\"sdp\":\"y\"}",
        "{\"type\":\"offer\",\"sdp\":\"x\",\"peerId\":\"y\"}",
        "{\"type\":\"offer\",\"sdp\":\"x\",\"to\":\"\\u0061\"}",
        "{\"type\":\"offer\",\"sdp\":\"x\",\"to\":1}",
        "{\"type\":\"offer\",\"sdp\":\"x\",\"more\":\"y\"}",
        "{\"type\":\"offer\",\"sdp\":null}",
        "{\"type\":\"offer\",\"sdp\":\"x\"}}",
        "{\"type\":\"offer\",\"sdp\":\"x\",}",
        "{\"type\":\"offer\" \"sdp\":\"x\"}",
        "{\"type\":\"offer\",\"sdp\":\"\\u0000\"}",
        "{\"type\":\"offer\",\"sdp\":\"\\ud800\"}",
        "{\"type\":\"offer\",\"sdp\":\"\\u12g4\"}",
        "{\"type\":\"offer\",\"sdp\":\"\\x\"}",
        "{\"type\":\"offer\",\"sdp\":\"\n\"}",
        "{\"type\":\"offer\",\"sdp\":\"\xc3\"}",
        "{\"type\":\"offer\",\"sdp\":\"\xed\xa0\x80\"}",
    };
    struct signal_message m;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_false(scan(rows[i], strlen(rows[i]), &m, NULL));
    assert_false(scan("{\"type\":\"offer\",\"sdp\":\"\0\"}", 25, &m, NULL));
    assert_false(scan("{\"type\":\"offer\",\"sdp\":\"\\\0\"}", 26, &m, NULL));
}

/* Wherever in a string it stands, of whatever length. */
static void sees_what_is_not_simple_at_any_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_plain;
    } rows[] = {
        {"\\n", true},     {"\\\\", true},    {"\\\"", true},     {"\\\\\\n", true},
        {"\\u00fc", true}, {"\x7f", true},    {"\xc3\xbc", true}, {"\x1f", false},
        {"\\x", false},    {"\\\\\\", false}, {"\x80", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int place = 0; place < 40; place++) {
            for (int behind = 0; behind < 40; behind++) {
                char json[200];
                struct signal_message m;
                snprintf(json, sizeof json, "{\"type\":\"offer\",\"sdp\":\"%.*s%s%.*s\"}", place,
                         "0123456789012345678901234567890123456789", rows[i].text, behind,
                         "0123456789012345678901234567890123456789");
                assert_int_equal(scan(json, strlen(json), &m, NULL), rows[i].is_plain);
                if (!rows[i].is_plain)
                    continue;
                assert_int_equal(m.raw.len, strlen(json) - 23);
                signal_message_deinit(&m);
            }
        }
    }
}

static void no_part_of_it_is_a_message(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"type\":\"candidate\",\"to\":\"a\",\"candidate\":\"\\u00fc\\n\"}";
    struct signal_message m;
    for (size_t len = 0; len < sizeof whole - 1; len++)
        assert_false(scan(whole, len, &m, NULL));
    assert_true(scan(whole, sizeof whole - 1, &m, NULL));
    signal_message_deinit(&m);
}

static void neither_is_what_is_too_long(void **state)
{
    (void)state;
    enum { HEAD = 23, TAIL = 2 };
    static char json[SIGNAL_MESSAGE_MAX + 2];
    struct signal_message m;
    for (size_t len = SIGNAL_MESSAGE_MAX; len <= SIGNAL_MESSAGE_MAX + 1; len++) {
        snprintf(json, sizeof json, "{\"type\":\"offer\",\"sdp\":\"%0*d\"}", (int)len - HEAD - TAIL,
                 0);
        assert_int_equal(strlen(json), len);
        bool is_plain = scan(json, len, &m, NULL);
        assert_int_equal(is_plain, len == SIGNAL_MESSAGE_MAX);
        if (is_plain)
            signal_message_deinit(&m);
    }
    snprintf(json, sizeof json, "{\"type\":\"offer\",\"sdp\":\"\",\"to\":\"%0*d\"}",
             SIGNAL_PEER_ID_MAX + 1, 0);
    assert_false(scan(json, strlen(json), &m, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_on_what_came),
        cmocka_unit_test(leaves_the_rest_to_the_decoder),
        cmocka_unit_test(sees_what_is_not_simple_at_any_place),
        cmocka_unit_test(no_part_of_it_is_a_message),
        cmocka_unit_test(neither_is_what_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
