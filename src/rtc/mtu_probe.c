/*
 * A probe's transaction id ends with the number of its sending and its size, so
 * an answer tells what it is about. What fills it up is an attribute that
 * nobody knows, of those that must then be ignored (RFC 8489 section 14):
 * PADDING of RFC 5780 would be answered at the same length.
 */
#include "rtc/mtu_probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "ice/stun.h"
#include "net/deadline.h"
#include "net/udp.h"
#include "rtc/mtu_search.h"

enum {
    IPV4_HEADERS = 20 + 8, /* with that of UDP */
    IPV6_HEADERS = 40 + 8,
    IPV4_LEAST = 576, /* every host takes that much */
    IPV6_LEAST = 1280,
    UNKNOWN_ATTRIBUTE = 0xfffe,
    ATTRIBUTE_HEADER_LEN = 4,
    SIZE_AT = STUN_ID_LEN - 2,
    NUMBER_AT = SIZE_AT - 1
};

struct mtu_probe {
    struct loop *loop;
    struct address server;
    struct udp *udp;
    struct deadline *deadline;
    struct mtu_search search;
    uint8_t id[STUN_ID_LEN];
    bool is_done;
    void (*on_done)(void *arg);
    void *arg;
};

static bool is_v6(const struct mtu_probe *probe)
{
    return probe->server.storage.ss_family == AF_INET6;
}

static size_t headers_len(const struct mtu_probe *probe)
{
    return is_v6(probe) ? IPV6_HEADERS : IPV4_HEADERS;
}

static void send_size(struct mtu_probe *probe, uint16_t size)
{
    static const uint8_t padding[MTU_SEARCH_MOST];
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    size_t len = size - headers_len(probe);
    put_u16be(probe->id + SIZE_AT, size);
    stun_begin(&w, data, sizeof data, STUN_REQUEST, STUN_BINDING, probe->id);
    stun_put(&w, (enum stun_attribute)UNKNOWN_ATTRIBUTE,
             span_of(padding, len - STUN_HEADER_LEN - ATTRIBUTE_HEADER_LEN));
    /* One that this machine refuses is as good as lost. */
    udp_send(probe->udp, stun_bytes(&w), len, &probe->server);
}

static void end_when_done(struct mtu_probe *probe)
{
    if (probe->is_done || mtu_search_due_us(&probe->search) != TIME_NEVER)
        return;
    probe->is_done = true;
    loop_defer(probe->loop, probe->on_done, probe->arg);
}

static uint64_t next_us(void *arg)
{
    const struct mtu_probe *probe = arg;
    return mtu_search_due_us(&probe->search);
}

static void on_due(void *arg)
{
    struct mtu_probe *probe = arg;
    uint16_t sizes[MTU_SEARCH_SENT_MAX];
    size_t count = mtu_search_next(&probe->search, clock_now_us(), sizes, &probe->id[NUMBER_AT]);
    for (size_t i = 0; i < count; i++)
        send_size(probe, sizes[i]);
    end_when_done(probe);
}

static void on_datagram(struct mtu_probe *probe, struct span bytes)
{
    struct stun_message m;
    if (stun_decode(bytes, &m) <= 0 || memcmp(m.id, probe->id, NUMBER_AT) != 0 ||
        (m.class != STUN_SUCCESS && m.class != STUN_ERROR))
        return;
    mtu_search_on_answer(&probe->search, m.id[NUMBER_AT], get_u16be(m.id + SIZE_AT));
    end_when_done(probe);
}

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    (void)from; /* the transaction id says what it answers */
    while (bytes.len > 0)
        on_datagram(arg, udp_take_datagram(&bytes, segment));
}

struct mtu_probe *mtu_probe_new(struct loop *loop, const struct address *server, uint64_t rtt_us,
                                void (*on_done)(void *arg), void *arg)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct mtu_probe *probe = xcalloc(1, sizeof *probe);
    struct address any;
    probe->loop = loop;
    probe->server = *server;
    probe->on_done = on_done;
    probe->arg = arg;
    random_bytes(probe->id, sizeof probe->id);
    mtu_search_init(&probe->search, udp_route_max(server) + headers_len(probe),
                    is_v6(probe) ? IPV6_LEAST : IPV4_LEAST, rtt_us, clock_now_us());
    address_parse(is_v6(probe) ? "::" : "0.0.0.0", 0, &any);
    if (udp_new(loop, &any, &handlers, probe, &probe->udp) < 0) {
        probe->is_done = true;
        loop_defer(loop, on_done, arg);
        return probe;
    }
    probe->deadline = deadline_new(loop, next_us, on_due, probe);
    return probe;
}

void mtu_probe_free(struct mtu_probe *probe)
{
    if (!probe)
        return;
    deadline_free(probe->deadline);
    if (probe->udp)
        udp_close(probe->udp);
    free(probe);
}

bool mtu_probe_is_done(const struct mtu_probe *probe)
{
    return probe->is_done;
}

size_t mtu_probe_get(const struct mtu_probe *probe)
{
    return probe->is_done ? probe->search.largest : 0;
}
