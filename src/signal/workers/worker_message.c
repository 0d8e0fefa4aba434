/*
 *    0        1        2        3        4        8        12          16
 *   +--------+--------+--------+--------+--------+--------+-----------+
 *   | type   | from   | owner  | family | number | lives  | own lives |
 *   +--------+--------+--------+--------+--------+--------+-----------+
 *   | bucket_filled_at | address (16) | length of join (2) | join | rest
 *   +------------------+--------------+--------------------+------+--- ...
 *   16                 24             40                   42
 */
#include "signal/workers/worker_message.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>

#include "base/bytes.h"

enum { ADDRESS_AT = 24, ADDRESS_LEN = 16, JOIN_LEN_AT = 40, HEAD_LEN = 42, IPV4 = 4, IPV6 = 6 };

_Static_assert(HEAD_LEN + WORKER_JOIN_MAX + WORKER_REST_MAX <= WORKER_MESSAGE_MAX,
               "a message is a letter");

static uint8_t put_address(const struct address *address, uint8_t out[ADDRESS_LEN])
{
    memset(out, 0, ADDRESS_LEN);
    if (address->storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)&address->storage;
        memcpy(out, &in6->sin6_addr, sizeof in6->sin6_addr);
        return IPV6;
    }
    const struct sockaddr_in *in = (const void *)&address->storage;
    memcpy(out, &in->sin_addr, sizeof in->sin_addr);
    return IPV4;
}

/* False: of no such family. */
static bool get_address(uint8_t family, const uint8_t in[ADDRESS_LEN], struct address *out)
{
    *out = (struct address){0};
    if (family == IPV6) {
        struct sockaddr_in6 *in6 = (void *)&out->storage;
        in6->sin6_family = AF_INET6;
        memcpy(&in6->sin6_addr, in, sizeof in6->sin6_addr);
        out->len = sizeof *in6;
        return true;
    }
    struct sockaddr_in *in4 = (void *)&out->storage;
    in4->sin_family = AF_INET;
    memcpy(&in4->sin_addr, in, sizeof in4->sin_addr);
    out->len = sizeof *in4;
    return family == IPV4;
}

size_t worker_message_encode(const struct worker_message *message, uint8_t out[WORKER_MESSAGE_MAX])
{
    assert(message->join.len <= WORKER_JOIN_MAX && message->rest.len <= WORKER_REST_MAX);
    out[0] = (uint8_t)message->type;
    out[1] = message->from;
    out[2] = message->owner;
    out[3] = put_address(&message->address, out + ADDRESS_AT);
    put_u32be(out + 4, message->number);
    put_u32be(out + 8, message->lives);
    put_u32be(out + 12, message->own_lives);
    put_u64be(out + 16, message->bucket_filled_at);
    put_u16be(out + JOIN_LEN_AT, (uint16_t)message->join.len);
    uint8_t *end = out + HEAD_LEN;
    if (message->join.len > 0)
        memcpy(end, message->join.data, message->join.len);
    end += message->join.len;
    if (message->rest.len > 0)
        memcpy(end, message->rest.data, message->rest.len);
    return HEAD_LEN + message->join.len + message->rest.len;
}

int worker_message_decode(struct span letter, struct worker_message *out)
{
    const uint8_t *in = letter.data;
    if (letter.len < HEAD_LEN || letter.len > WORKER_MESSAGE_MAX || in[0] >= WORKER_MESSAGE_TYPES)
        return -EBADMSG;
    *out = (struct worker_message){.type = (enum worker_message_type)in[0],
                                   .from = in[1],
                                   .owner = in[2],
                                   .number = get_u32be(in + 4),
                                   .lives = get_u32be(in + 8),
                                   .own_lives = get_u32be(in + 12),
                                   .bucket_filled_at = get_u64be(in + 16)};
    size_t join_len = get_u16be(in + JOIN_LEN_AT);
    struct span behind = span_skip(letter, HEAD_LEN);
    bool fits = join_len <= behind.len && join_len <= WORKER_JOIN_MAX &&
                behind.len - join_len <= WORKER_REST_MAX;
    if (!fits || out->from >= WORKERS_MAX || out->owner >= WORKERS_MAX ||
        !get_address(in[3], in + ADDRESS_AT, &out->address))
        return -EBADMSG;
    out->join = span_of(behind.data, join_len);
    out->rest = span_skip(behind, join_len);
    return 0;
}
