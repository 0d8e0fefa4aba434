/*
 * The value of a=sctp-init, as far as to an association that begins with it.
 * What is taken comes out the same when it is written again.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rtc/snap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_LEN = 64 << 10 };

static void on_packets(void *arg, const struct sctp_packet *packets, size_t count)
{
    (void)arg;
    (void)packets;
    assert(count > 0);
}

static void on_connected(void *arg)
{
    *(unsigned *)arg += 1;
}

static void on_message(void *arg, const struct sctp_message_info *info, struct span message)
{
    (void)arg;
    (void)info;
    (void)message;
}

static void on_writable(void *arg)
{
    (void)arg;
}

static void on_stream_reset(void *arg, uint16_t stream, enum sctp_reset_side side)
{
    (void)arg;
    (void)stream;
    (void)side;
}

static void on_closed(void *arg, enum sctp_close_reason reason)
{
    (void)arg;
    (void)reason;
}

static void connect_with(struct span init)
{
    static const struct sctp_assoc_handlers handlers = {
        .on_packets = on_packets,
        .on_message = on_message,
        .on_connected = on_connected,
        .on_writable = on_writable,
        .on_stream_reset = on_stream_reset,
        .on_closed = on_closed,
    };
    static uint8_t arena_bytes[ARENA_LEN];
    struct sctp_arena arena = {.data = arena_bytes, .len = ARENA_LEN};
    struct sctp_assoc_config config;
    unsigned connected = 0;
    sctp_assoc_config_init(&config);
    config.arena = &arena;
    struct sctp_assoc *a = sctp_assoc_new(&config, &handlers, &connected);
    const struct sctp_outgoing message = {.ppid = 51, .body = SPAN_LITERAL("first")};
    assert(sctp_assoc_send(a, &message, 1) == 0);
    assert(sctp_assoc_connect_with(a, init, 1000, 1) == 0);
    assert(connected == 1 && sctp_assoc_is_connected(a));
    sctp_assoc_abort(a, 2);
    sctp_assoc_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t init[SCTP_INIT_MAX];
    uint8_t back[SCTP_INIT_MAX];
    char text[SNAP_TEXT_MAX + 1];
    char *value = xstrndup(span_of(data, size));
    long len = snap_decode(value, init);
    free(value);
    if (len < 0)
        return 0;
    snap_encode(span_of(init, (size_t)len), text);
    assert(snap_decode(text, back) == len && memcmp(init, back, (size_t)len) == 0);
    connect_with(span_of(init, (size_t)len));
    return 0;
}
