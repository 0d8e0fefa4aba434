/*
 * TSNs count up by one with each DATA chunk, so chunks in flight are a ring
 * that begins at the oldest TSN. A chunk seen again is a retransmission and
 * changes nothing; a cumulative TSN drops all that it covers. Gap reports
 * are left out: what they report is still held, because the other side may
 * take it back (RFC 9260 section 6.2).
 */
#include "rtc/sctp_account.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"

enum {
    COMMON_HEADER_LEN = 12,
    CHUNK_HEADER_LEN = 4,
    CHUNK_DATA = 0,
    CHUNK_SACK = 3,
    DATA_HEADER_LEN = 16,
    SACK_HEADER_LEN = 16,
    DATA_FLAG_END = 0x01, /* the last chunk of its message */
    CHUNK_BYTES_LEAST = 512
};

void sctp_account_init(struct sctp_account *account, size_t queued_max)
{
    *account = (struct sctp_account){
        .room = queued_max / SCTP_MESSAGE_COST + queued_max / CHUNK_BYTES_LEAST,
    };
    account->chunks = xcalloc(account->room, sizeof *account->chunks);
}

void sctp_account_deinit(struct sctp_account *account)
{
    free(account->chunks);
}

void sctp_account_on_message(struct sctp_account *account, size_t len)
{
    account->queued += len + SCTP_MESSAGE_COST;
}

/* Splits off the next chunk; false at the end or at a malformed one. */
static bool next_chunk(struct span *rest, struct span *chunk)
{
    if (rest->len < CHUNK_HEADER_LEN)
        return false;
    size_t len = get_u16be(rest->data + 2);
    if (len < CHUNK_HEADER_LEN || len > rest->len)
        return false;
    *chunk = span_of(rest->data, len);
    size_t padded = (len + 3) & ~(size_t)3;
    *rest = span_skip(*rest, padded < rest->len ? padded : rest->len);
    return true;
}

static void on_data_chunk(struct sctp_account *account, struct span chunk)
{
    uint32_t tsn = get_u32be(chunk.data + 4);
    uint32_t value = (uint32_t)(chunk.len - DATA_HEADER_LEN);
    if (chunk.data[1] & DATA_FLAG_END)
        value += SCTP_MESSAGE_COST;
    if (!account->has_tsn) {
        account->has_tsn = true;
        account->head_tsn = tsn;
    }
    if (tsn != account->head_tsn + (uint32_t)account->count)
        return; /* a retransmission */
    if (account->count == account->room) {
        /* Smaller chunks than were planned for. The newest entry takes it;
         * the numbers are then too small by one chunk and stay bounded. */
        account->head_tsn++;
        account->chunks[(account->head + account->count - 1) % account->room] += value;
        return;
    }
    account->chunks[(account->head + account->count++) % account->room] = value;
}

static void on_sack_chunk(struct sctp_account *account, struct span chunk)
{
    uint32_t acked = get_u32be(chunk.data + 4) - account->head_tsn + 1;
    if (acked > account->count) /* also one of the past, which wraps around */
        return;
    for (; acked > 0; acked--) {
        uint32_t value = account->chunks[account->head];
        account->queued -= value < account->queued ? value : account->queued;
        account->head = (account->head + 1) % account->room;
        account->count--;
        account->head_tsn++;
    }
}

void sctp_account_on_packet_sent(struct sctp_account *account, struct span packet)
{
    if (packet.len < COMMON_HEADER_LEN)
        return;
    struct span rest = span_skip(packet, COMMON_HEADER_LEN);
    struct span chunk;
    while (next_chunk(&rest, &chunk)) {
        if (chunk.data[0] == CHUNK_DATA && chunk.len > DATA_HEADER_LEN)
            on_data_chunk(account, chunk);
    }
}

void sctp_account_on_packet_received(struct sctp_account *account, struct span packet)
{
    if (packet.len < COMMON_HEADER_LEN)
        return;
    struct span rest = span_skip(packet, COMMON_HEADER_LEN);
    struct span chunk;
    while (next_chunk(&rest, &chunk)) {
        if (chunk.data[0] == CHUNK_SACK && chunk.len >= SACK_HEADER_LEN)
            on_sack_chunk(account, chunk);
    }
}
