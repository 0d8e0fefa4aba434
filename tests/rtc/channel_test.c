/*
 * What is known of messages that a channel was given.
 */
#include "testing.h"

#include "rtc/channel.h"
#include "rtc/dcep.h"

enum { STREAM = 1, MESSAGE_MAX = 1000 };

/* Whoever knows that an OPEN comes sends before it is there, and the ACK stands
 * behind that. It is none of the messages. */
static void test_ack_is_no_message(void **state)
{
    (void)state;
    const struct sctp_assoc_handlers nobody = {0}; /* nothing is sent here */
    static uint8_t arena_bytes[1 << 16];
    struct sctp_arena arena = {.data = arena_bytes, .len = sizeof arena_bytes};
    struct sctp_assoc_config config;
    sctp_assoc_config_init(&config);
    config.arena = &arena;
    struct sctp_assoc *sctp = sctp_assoc_new(&config, &nobody, NULL);
    struct channel channel;
    uint8_t bytes[DCEP_OPEN_HEADER_LEN + DCEP_LABEL_MAX];
    const struct dcep_open open = {.label = SPAN_LITERAL("a")};
    ssize_t len = dcep_open_encode(&open, bytes, sizeof bytes);
    channel_init(&channel, MESSAGE_MAX);
    channel_await(&channel, STREAM);
    for (int i = 0; i < 2; i++)
        assert_int_equal(channel_send(&channel, sctp, SPAN_LITERAL("hello"), (struct span){0}), 0);
    channel_feed_dcep(&channel, sctp, STREAM, span_of(bytes, (size_t)len), 0);
    assert_false(channel.is_awaited);
    assert_int_equal(sctp_assoc_unsent(sctp, STREAM, PPID_DCEP), 1);
    assert_int_equal(channel_unsent(sctp, STREAM), 2);
    channel_deinit(&channel);
    sctp_assoc_free(sctp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ack_is_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
