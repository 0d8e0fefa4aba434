/*
 * Two sockets, which ask the server what they are seen as, and then each sends
 * to what the other is seen as. So both have sent before anything comes: a NAT
 * that filters lets it in, if it makes a turn at all. All is sent again each
 * time until the last.
 */
#include "rtc/hairpin_probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "ice/stun.h"
#include "ice/stun_auth.h"
#include "net/udp.h"
#include "rtc/ice_address.h"

enum { SOCKETS = 2, TIMES = 4 };

#define AGAIN_US (250 * US_PER_MS)

struct end {
    struct hairpin_probe *probe;
    struct udp *udp;
    struct address seen; /* as what; len 0: not known yet */
    uint8_t id[STUN_ID_LEN];
};

struct hairpin_probe {
    struct loop *loop;
    struct address server;
    struct timer *timer;
    struct end ends[SOCKETS];
    int times; /* that it has sent */
    enum hairpin state;
    bool is_done;
    void (*on_done)(void *arg);
    void *arg;
};

static void finish(struct hairpin_probe *probe, enum hairpin state)
{
    if (probe->is_done)
        return;
    probe->is_done = true;
    probe->state = state;
    timer_stop(probe->timer);
    loop_defer(probe->loop, probe->on_done, probe->arg);
}

static void send_request(const struct end *end, const struct address *to)
{
    uint8_t data[STUN_MESSAGE_MAX];
    struct stun_writer w;
    stun_begin(&w, data, sizeof data, STUN_REQUEST, STUN_BINDING, end->id);
    stun_put_fingerprint(&w);
    struct span bytes = stun_bytes(&w);
    udp_send(end->udp, bytes, bytes.len, to); /* no way there: no answer */
}

static void send_across(const struct hairpin_probe *probe)
{
    for (int i = 0; i < SOCKETS; i++)
        send_request(&probe->ends[i], &probe->ends[1 - i].seen);
}

static bool has_both(const struct hairpin_probe *probe)
{
    return probe->ends[0].seen.len > 0 && probe->ends[1].seen.len > 0;
}

static void on_again(void *arg)
{
    struct hairpin_probe *probe = arg;
    if (probe->times++ == TIMES) {
        finish(probe, has_both(probe) ? HAIRPIN_NONE : HAIRPIN_UNKNOWN);
        return;
    }
    for (int i = 0; i < SOCKETS; i++) {
        if (probe->ends[i].seen.len == 0)
            send_request(&probe->ends[i], &probe->server);
    }
    if (has_both(probe))
        send_across(probe);
    timer_start_in(probe->timer, AGAIN_US);
}

static void on_datagram(struct end *end, struct span bytes)
{
    struct hairpin_probe *probe = end->probe;
    const struct end *other = &probe->ends[end == probe->ends];
    struct stun_message m;
    struct ice_address seen;
    if (stun_decode(bytes, &m) <= 0)
        return;
    if (m.class == STUN_REQUEST && memcmp(m.id, other->id, STUN_ID_LEN) == 0)
        finish(probe, HAIRPIN_LEADS_BACK);
    if (m.class != STUN_SUCCESS || end->seen.len > 0 || !stun_is_answer(&m, end->id) ||
        !stun_find_mapped(&m, &seen))
        return;
    end->seen = ice_to_sockaddr(&seen);
    if (has_both(probe))
        send_across(probe);
}

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    (void)from; /* the transaction id says what it is */
    while (bytes.len > 0)
        on_datagram(arg, udp_take_datagram(&bytes, segment));
}

struct hairpin_probe *hairpin_probe_new(struct loop *loop, const struct address *server,
                                        void (*on_done)(void *arg), void *arg)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct hairpin_probe *probe = xcalloc(1, sizeof *probe);
    struct address any;
    bool has_sockets = true;
    probe->loop = loop;
    probe->server = *server;
    probe->on_done = on_done;
    probe->arg = arg;
    probe->timer = timer_new(loop, on_again, probe);
    address_parse(server->storage.ss_family == AF_INET6 ? "::" : "0.0.0.0", 0, &any);
    for (int i = 0; i < SOCKETS; i++) {
        struct end *end = &probe->ends[i];
        end->probe = probe;
        random_bytes(end->id, sizeof end->id);
        has_sockets = udp_new(loop, &any, &handlers, end, &end->udp) == 0 && has_sockets;
    }
    if (has_sockets)
        on_again(probe);
    else
        loop_defer(loop, on_done, arg);
    return probe;
}

void hairpin_probe_free(struct hairpin_probe *probe)
{
    if (!probe)
        return;
    timer_free(probe->timer);
    for (int i = 0; i < SOCKETS; i++) {
        if (probe->ends[i].udp)
            udp_close(probe->ends[i].udp);
    }
    free(probe);
}

enum hairpin hairpin_probe_get(const struct hairpin_probe *probe)
{
    return probe->state;
}
