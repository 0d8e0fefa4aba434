/*
 * Two ends of SPED that exchange Binding messages by hand.
 */
#include "testing.h"

#include <stdio.h>

#include "ice/stun_auth.h"
#include "rtc/sped.h"

struct message {
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_message m;
};

static const struct span key = {(const uint8_t *)"password", 8};

static void fill(struct sped *from, bool carries, struct message *out)
{
    static const uint8_t id[STUN_ID_LEN] = {1};
    struct stun_writer w;
    stun_begin(&w, out->data, sizeof out->data, STUN_REQUEST, STUN_BINDING, id);
    sped_fill(from, &w, carries);
    stun_put_integrity(&w, key);
    stun_put_fingerprint(&w);
    assert_true(stun_bytes(&w).len > 0);
    assert_true(stun_decode(stun_bytes(&w), &out->m) > 0);
    assert_int_equal(out->m.unknown, 0); /* nobody has to know them */
}

/* What arrives, as text; "" for nothing. */
static const char *pass(struct sped *from, struct sped *to, bool carries)
{
    static char text[SPED_DATAGRAM_MAX + 1];
    struct message message;
    fill(from, carries, &message);
    struct span got = sped_take(to, &message.m);
    snprintf(text, sizeof text, "%.*s", SPAN_ARG(got));
    return text;
}

static void queue(struct sped *sped, const char *text)
{
    sped_queue(sped, span_from_string(text));
}

static void start(struct sped ends[2])
{
    for (int i = 0; i < 2; i++) {
        sped_init(&ends[i]);
        sped_settle(&ends[i], true);
    }
}

static void end(struct sped ends[2])
{
    for (int i = 0; i < 2; i++)
        sped_deinit(&ends[i]);
}

static bool has_attributes(struct sped *sped)
{
    struct message message;
    struct span value;
    fill(sped, true, &message);
    return stun_find(&message.m, (enum stun_attribute)0xC070, &value) ||
           stun_find(&message.m, (enum stun_attribute)0xC071, &value);
}

/* By turns until each has arrived, and then no more. */
static void test_flight(void **state)
{
    (void)state;
    struct sped ends[2];
    start(ends);
    queue(&ends[0], "\x16 one");
    queue(&ends[0], "\x16 two");
    assert_string_equal(pass(&ends[0], &ends[1], true), "\x16 one");
    assert_string_equal(pass(&ends[0], &ends[1], true), "\x16 two");
    assert_string_equal(pass(&ends[0], &ends[1], true), "\x16 one");
    assert_string_equal(pass(&ends[0], &ends[1], false), ""); /* not a second time */
    assert_string_equal(pass(&ends[1], &ends[0], true), "");  /* but acknowledgements */
    assert_int_equal(ends[0].count, 0);
    assert_string_equal(pass(&ends[0], &ends[1], true), "");
    /* An answer takes the place of what it answers. */
    queue(&ends[1], "\x16 lost");
    sped_end_flight(&ends[1]);
    queue(&ends[1], "\x16 three");
    queue(&ends[1], "\x16 four");
    assert_string_equal(pass(&ends[1], &ends[0], true), "\x16 three");
    pass(&ends[0], &ends[1], true);
    assert_string_equal(pass(&ends[1], &ends[0], true), "\x16 four");
    end(ends);
}

static void test_limits(void **state)
{
    (void)state;
    struct sped ends[2];
    char longest[SPED_DATAGRAM_MAX + 2];
    start(ends);
    memset(longest, 0x16, sizeof longest);
    longest[SPED_DATAGRAM_MAX + 1] = '\0';
    queue(&ends[0], longest);
    assert_int_equal(ends[0].count, 0);
    longest[SPED_DATAGRAM_MAX] = '\0';
    queue(&ends[0], longest);
    assert_string_equal(pass(&ends[0], &ends[1], true), longest);
    for (int i = 0; i < 2 * SPED_FLIGHT_MAX; i++)
        queue(&ends[0], "\x16 more");
    assert_int_equal(ends[0].count, SPED_FLIGHT_MAX);
    /* Of many, the last that came are acknowledged, each once. */
    for (int i = 0; i < 2 * SPED_ACKS_MAX; i++) {
        char text[] = {0x16, (char)('a' + i), '\0'};
        sped_end_flight(&ends[0]);
        queue(&ends[0], text);
        for (int again = 0; again < 2; again++)
            assert_string_equal(pass(&ends[0], &ends[1], true), text);
    }
    assert_int_equal(ends[1].ack_count, SPED_ACKS_MAX);
    pass(&ends[1], &ends[0], true);
    assert_int_equal(ends[0].count, 0);
    end(ends);
}

/* What is no DTLS is not handed on. */
static void test_other_data(void **state)
{
    (void)state;
    struct sped ends[2];
    start(ends);
    queue(&ends[0], "GET /");
    assert_string_equal(pass(&ends[0], &ends[1], true), "");
    assert_int_equal(ends[1].ack_count, 0);
    end(ends);
}

/* Nobody gets an attribute who has not asked for it, and none comes of the
 * wrong moment. */
static void test_states(void **state)
{
    (void)state;
    struct sped ends[2];
    start(ends);
    sped_init(&ends[1]);
    assert_false(has_attributes(&ends[1]));
    queue(&ends[0], "\x16 early");
    assert_string_equal(pass(&ends[0], &ends[1], true), "\x16 early");
    assert_true(has_attributes(&ends[1]));
    sped_settle(&ends[1], false);
    assert_false(has_attributes(&ends[1]));
    assert_string_equal(pass(&ends[0], &ends[1], true), "");
    end(ends);
    start(ends);
    queue(&ends[0], "\x16 late");
    sped_end(&ends[1]);
    assert_string_equal(pass(&ends[0], &ends[1], true), "");
    assert_false(has_attributes(&ends[1]));
    end(ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flight),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_other_data),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
