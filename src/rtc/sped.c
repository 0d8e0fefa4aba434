/*
 * Datagrams are told apart by their CRC, so one that DTLS sends again, with
 * another record number, is another one.
 */
#include "rtc/sped.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "ice/stun_auth.h"

/* Not the agent's, which passes them on as it does all others. */
static const enum stun_attribute data_attribute = (enum stun_attribute)0xC070;
static const enum stun_attribute ack_attribute = (enum stun_attribute)0xC071;

enum { ACK_LEN = 4 };

void sped_init(struct sped *sped)
{
    *sped = (struct sped){.state = SPED_OFFERED};
}

void sped_deinit(struct sped *sped)
{
    free(sped->flight);
    sped->flight = NULL;
    sped->count = 0;
}

void sped_settle(struct sped *sped, bool is_spoken)
{
    sped->state = is_spoken ? SPED_ON : SPED_OFF;
}

bool sped_is_on(const struct sped *sped)
{
    return sped->state == SPED_ON;
}

void sped_end(struct sped *sped)
{
    if (sped->state == SPED_ON)
        sped->state = SPED_OVER;
    sped_deinit(sped);
    sped->ack_count = 0;
}

void sped_end_flight(struct sped *sped)
{
    sped->is_flight_ending = true;
}

void sped_queue(struct sped *sped, struct span datagram)
{
    if (sped->is_flight_ending)
        sped->count = sped->next = 0;
    sped->is_flight_ending = false;
    if (sped->count == SPED_FLIGHT_MAX || datagram.len > SPED_DATAGRAM_MAX)
        return;
    if (!sped->flight)
        sped->flight = xcalloc(SPED_FLIGHT_MAX, sizeof *sped->flight);
    struct sped_datagram *queued = &sped->flight[sped->count++];
    queued->len = datagram.len;
    queued->crc = stun_crc32(datagram);
    memcpy(queued->data, datagram.data, datagram.len);
}

static struct span take_turn(struct sped *sped)
{
    if (sped->count == 0)
        return (struct span){0};
    const struct sped_datagram *datagram = &sped->flight[sped->next % sped->count];
    sped->next = (sped->next + 1) % sped->count;
    return span_of(datagram->data, datagram->len);
}

void sped_fill(struct sped *sped, struct stun_writer *w, bool carries)
{
    uint8_t acks[SPED_ACKS_MAX * ACK_LEN];
    if (sped->state != SPED_ON && (sped->state != SPED_OFFERED || !sped->is_heard))
        return;
    assert(sped->ack_count <= SPED_ACKS_MAX);
    for (size_t i = 0; i < sped->ack_count; i++)
        put_u32be(acks + i * ACK_LEN, sped->acks[i]);
    stun_put(w, ack_attribute, span_of(acks, sped->ack_count * ACK_LEN));
    stun_put(w, data_attribute, carries ? take_turn(sped) : (struct span){0});
}

static void remove_acknowledged(struct sped *sped, uint32_t crc)
{
    for (size_t i = 0; i < sped->count; i++) {
        if (sped->flight[i].crc != crc)
            continue;
        sped->count--;
        memmove(&sped->flight[i], &sped->flight[i + 1], (sped->count - i) * sizeof *sped->flight);
        sped->next = 0;
        return;
    }
}

static void acknowledge(struct sped *sped, uint32_t crc)
{
    for (size_t i = 0; i < sped->ack_count; i++) {
        if (sped->acks[i] == crc)
            return;
    }
    if (sped->ack_count == SPED_ACKS_MAX)
        memmove(sped->acks, sped->acks + 1, --sped->ack_count * sizeof *sped->acks);
    sped->acks[sped->ack_count++] = crc;
}

struct span sped_take(struct sped *sped, const struct stun_message *m)
{
    struct span acks = {0};
    struct span datagram = {0};
    bool has_acks = stun_find(m, ack_attribute, &acks);
    bool has_data = stun_find(m, data_attribute, &datagram);
    if ((!has_acks && !has_data) || sped->state == SPED_OFF || sped->state == SPED_OVER)
        return (struct span){0};
    sped->is_heard = true;
    for (; acks.len >= ACK_LEN; acks = span_skip(acks, ACK_LEN))
        remove_acknowledged(sped, get_u32be(acks.data));
    if (ice_packet_class(datagram) != ICE_PACKET_DTLS)
        return (struct span){0};
    acknowledge(sped, stun_crc32(datagram));
    return datagram;
}
