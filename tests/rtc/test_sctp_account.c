#include "testing.h"

#include "base/bytes.h"
#include "rtc/sctp_account.h"

enum { MAX = 1 << 20, PAYLOAD = 100, COUNTED = PAYLOAD + SCTP_MESSAGE_COST };

/* A packet with one DATA chunk that is a whole message. */
static struct span make_data(uint8_t *out, uint32_t tsn)
{
    memset(out, 0, 28 + PAYLOAD);
    out[12] = 0;
    out[13] = 3;
    put_u16be(out + 14, 16 + PAYLOAD);
    put_u32be(out + 16, tsn);
    return span_of(out, 28 + PAYLOAD);
}

static struct span make_sack(uint8_t *out, uint32_t tsn)
{
    memset(out, 0, 28);
    out[12] = 3;
    put_u16be(out + 14, 16);
    put_u32be(out + 16, tsn);
    return span_of(out, 28);
}

static void send_message(struct sctp_account *account, uint32_t tsn)
{
    uint8_t packet[256];
    sctp_account_on_message(account, PAYLOAD);
    sctp_account_on_packet_sent(account, make_data(packet, tsn));
}

static void acknowledge(struct sctp_account *account, uint32_t tsn)
{
    uint8_t packet[64];
    sctp_account_on_packet_received(account, make_sack(packet, tsn));
}

static void test_counts_until_acknowledged(void **state)
{
    (void)state;
    struct sctp_account account;
    sctp_account_init(&account, MAX);
    /* Across the wrap of the TSN. */
    for (uint32_t i = 0; i < 4; i++)
        send_message(&account, UINT32_MAX - 1 + i);
    assert_int_equal(account.queued, 4 * COUNTED);
    acknowledge(&account, UINT32_MAX - 2); /* of before */
    assert_int_equal(account.queued, 4 * COUNTED);
    acknowledge(&account, UINT32_MAX);
    assert_int_equal(account.queued, 2 * COUNTED);
    acknowledge(&account, UINT32_MAX); /* again */
    acknowledge(&account, 100);        /* never sent */
    assert_int_equal(account.queued, 2 * COUNTED);
    uint8_t packet[256];
    sctp_account_on_packet_sent(&account, make_data(packet, 0)); /* retransmitted */
    acknowledge(&account, 1);
    assert_int_equal(account.queued, 0);
    sctp_account_deinit(&account);
}

static void test_more_chunks_than_planned(void **state)
{
    (void)state;
    struct sctp_account account;
    sctp_account_init(&account, 4096);
    uint32_t count = (uint32_t)account.room + 10;
    for (uint32_t i = 0; i < count; i++)
        send_message(&account, i);
    assert_int_equal(account.queued, count * COUNTED);
    acknowledge(&account, count - 1);
    assert_int_equal(account.queued, 0);
    sctp_account_deinit(&account);
}

static void test_truncated_at_each_byte(void **state)
{
    (void)state;
    uint8_t packet[256];
    struct span data = make_data(packet, 7);
    struct sctp_account account;
    sctp_account_init(&account, MAX);
    for (size_t len = 0; len < data.len; len++) {
        struct guard g = guard_new(data.data, len);
        sctp_account_on_packet_sent(&account, g.bytes);
        sctp_account_on_packet_received(&account, g.bytes);
        guard_free(&g);
    }
    assert_int_equal(account.count, 0);
    send_message(&account, 7);
    struct span sack = make_sack(packet, 7);
    for (size_t len = 0; len < sack.len; len++) {
        struct guard g = guard_new(sack.data, len);
        sctp_account_on_packet_received(&account, g.bytes);
        guard_free(&g);
    }
    assert_int_equal(account.queued, COUNTED);
    sctp_account_deinit(&account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_until_acknowledged),
        cmocka_unit_test(test_more_chunks_than_planned),
        cmocka_unit_test(test_truncated_at_each_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
