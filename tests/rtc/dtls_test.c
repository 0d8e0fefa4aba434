/*
 * Two engines connect, carry data and close; or do not take each other, or what
 * somebody else says.
 */
#include "dtls_pair.h"

#include <errno.h>
#include <stdlib.h>

static void test_connects_and_carries_data(void **state)
{
    struct pair *pair = *state;
    start(pair);
    assert_int_equal(dtls_send(pair->ends[0].dtls, SPAN_LITERAL("early")), -ENOTCONN);
    run(pair);
    assert_connected(pair);
    uint8_t bytes[DTLS_PLAINTEXT_MAX + 1];
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dtls_send(pair->ends[i].dtls, span_of(bytes, 1)), 0);
        assert_int_equal(dtls_send(pair->ends[i].dtls, span_of(bytes, DTLS_PLAINTEXT_MAX)), 0);
        assert_int_equal(dtls_send(pair->ends[i].dtls, span_of(bytes, sizeof bytes)), -EMSGSIZE);
    }
    run(pair);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pair->ends[i].received, 2);
        assert_int_equal(pair->ends[i].received_bytes, 1 + DTLS_PLAINTEXT_MAX);
    }
}

/*
 * Splits a ClientHello into two handshake fragments, each in a record and a
 * datagram of its own (RFC 6347 section 4.2.3), as Chromium's and Firefox's
 * come with a post-quantum key share.
 *
 *   record:    type, version, epoch, sequence, length            13 bytes
 *   handshake: type, length, sequence, offset, fragment length   12 bytes
 */
static void split_hello(const uint8_t *hello, size_t len, struct wire *out)
{
    enum { RECORD = 13, HEADER = 12 };
    assert_true(len > RECORD + HEADER + 40);
    size_t body = len - RECORD - HEADER;
    size_t cut = body / 2;
    for (int part = 0; part < 2; part++) {
        size_t offset = part == 0 ? 0 : cut;
        size_t part_len = part == 0 ? cut : body - cut;
        uint8_t packet[2048];
        memcpy(packet, hello, RECORD + HEADER);
        /* The client's own next records have 1, 2, …: not to be taken for
         * replays of these. */
        packet[10] = (uint8_t)(part * 20);
        packet[11] = (uint8_t)((part_len + HEADER) >> 8);
        packet[12] = (uint8_t)(part_len + HEADER);
        packet[RECORD + 6] = 0;
        packet[RECORD + 7] = (uint8_t)(offset >> 8);
        packet[RECORD + 8] = (uint8_t)offset;
        packet[RECORD + 9] = 0;
        packet[RECORD + 10] = (uint8_t)(part_len >> 8);
        packet[RECORD + 11] = (uint8_t)part_len;
        memcpy(packet + RECORD + HEADER, hello + RECORD + HEADER + offset, part_len);
        wire_push(out, span_of(packet, RECORD + HEADER + part_len), fake_now_us);
    }
}

static void test_client_hello_over_two_datagrams(void **state)
{
    struct pair *pair = *state;
    make_engines(pair);
    uint64_t begin_us = fake_now_us;
    dtls_start(pair->ends[0].dtls, fake_now_us);
    fake_now_us += 2 * US_PER_MS;
    struct wire_packet *hello = wire_pop(&pair->ends[0].out, fake_now_us);
    assert_non_null(hello);
    split_hello(hello->data, hello->len, &pair->ends[0].out);
    free(hello);
    run(pair);
    assert_connected(pair);
    assert_true(fake_now_us - begin_us < 100 * US_PER_MS); /* no retransmission was needed */
}

static void test_wrong_fingerprint(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        void *fresh;
        pair_setup(&fresh);
        struct pair *pair = fresh;
        make_engines(pair);
        struct end *end = &pair->ends[side];
        uint8_t wrong[CERT_FINGERPRINT_LEN];
        memcpy(wrong, cert_fingerprint(pair->ends[1 - side].cert), sizeof wrong);
        wrong[31] ^= 1;
        dtls_free(end->dtls);
        end->dtls =
            dtls_new(end->cert, side == 0 ? DTLS_CLIENT : DTLS_SERVER, wrong, &pair_handlers, end);
        dtls_start(pair->ends[0].dtls, fake_now_us);
        run(pair);
        assert_true(end->is_closed);
        assert_false(end->is_connected);
        assert_int_equal(end->error, -EACCES);
        assert_non_null(strstr(end->text, "fingerprint"));
        /* The other side is told by an alert. */
        assert_true(pair->ends[1 - side].is_closed);
        pair_teardown(&fresh);
    }
}

static void test_close_is_noticed(void **state)
{
    struct pair *pair = *state;
    start(pair);
    run(pair);
    dtls_send_close(pair->ends[0].dtls);
    assert_int_equal(dtls_send(pair->ends[0].dtls, SPAN_LITERAL("x")), -ENOTCONN);
    run(pair);
    assert_true(pair->ends[1].is_closed);
    assert_int_equal(pair->ends[1].error, 0);
    assert_false(pair->ends[0].is_closed);
}

static void test_garbage_is_dropped(void **state)
{
    struct pair *pair = *state;
    make_engines(pair);
    uint8_t garbage[64] = {22, 254, 253};
    for (size_t len = 0; len < sizeof garbage; len++) {
        struct guard g = guard_new(garbage, len);
        dtls_feed(pair->ends[1].dtls, g.bytes, fake_now_us);
        guard_free(&g);
    }
    assert_false(pair->ends[1].is_closed);
    dtls_start(pair->ends[0].dtls, fake_now_us);
    run(pair);
    assert_connected(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connects_and_carries_data, pair_setup, pair_teardown),
        cmocka_unit_test_setup_teardown(test_client_hello_over_two_datagrams, pair_setup,
                                        pair_teardown),
        cmocka_unit_test(test_wrong_fingerprint),
        cmocka_unit_test_setup_teardown(test_close_is_noticed, pair_setup, pair_teardown),
        cmocka_unit_test_setup_teardown(test_garbage_is_dropped, pair_setup, pair_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
