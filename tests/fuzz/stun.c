/*
 * A datagram as a STUN message, and as what an agent receives: from its TURN
 * server, from a peer, from a stranger. What is decoded once is decoded the
 * same again, and an agent survives it all.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ice/agent.h"
#include "ice/stun_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_datagram(void *arg, int base, const struct ice_address *remote, struct span bytes)
{
    struct stun_message m;
    (void)arg;
    (void)base;
    (void)remote;
    /* Whatever we answer is well-formed. */
    if (ice_packet_class(bytes) == ICE_PACKET_STUN &&
        (stun_decode(bytes, &m) != (int)bytes.len || !stun_check_fingerprint(&m)))
        abort();
    return 0;
}

static void on_candidate(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static void on_state(void *arg, enum ice_state state, const char *text)
{
    (void)state;
    on_candidate(arg, text);
}

static void on_route(void *arg)
{
    (void)arg;
}

static void on_open_base(void *arg, int base, const struct ice_agent_server *server)
{
    (void)arg;
    (void)base;
    (void)server;
}

static void on_close_base(void *arg, int base)
{
    (void)arg;
    (void)base;
}

static void on_resolve(void *arg, int id, const char *name)
{
    (void)arg;
    (void)id;
    (void)name;
}

static const struct ice_agent_handlers handlers = {on_datagram, on_candidate, on_state,
                                                   on_route,    on_open_base, on_close_base,
                                                   on_resolve,  NULL,         NULL,
                                                   NULL};

static void feed_agent(struct span datagram)
{
    struct ice_agent_config config = {.is_controlling = datagram.len & 1};
    struct ice_agent *a = ice_agent_new(&config, &handlers, NULL);
    struct ice_address local = ice_address_v4(192, 0, 2, 1, 4000);
    struct ice_agent_server server = {.is_turn = true,
                                      .address = ice_address_v4(192, 0, 2, 9, 3478),
                                      .user = "user",
                                      .pass = "pass"};
    struct ice_address const sources[] = {server.address, ice_address_v4(192, 0, 2, 2, 5000),
                                          ice_address_v4(192, 0, 2, 3, 6000)};
    uint64_t now_us = 1;
    int base = ice_agent_add_interface(a, &local, "eth0", false, now_us);
    ice_agent_add_server(a, &server, now_us);
    ice_agent_gather(a, false, now_us);
    ice_agent_set_remote(a, "evtj", "VOkJxbRl1RmTxUk/WvJxBt", now_us);
    ice_agent_add_remote(a, SPAN_LITERAL("candidate:1 1 udp 1 192.0.2.2 5000 typ host"), now_us);
    for (int i = 0; i < 12; i++) {
        struct span out;
        ice_agent_receive(a, base, &sources[i % 3], datagram, now_us, &out);
        now_us += 100000;
        if (ice_agent_deadline(a) <= now_us)
            ice_agent_on_deadline(a, now_us);
    }
    ice_agent_free(a, now_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stun_message m;
    struct span bytes = span_of(data, size);
    int used = stun_decode(bytes, &m);
    if (used > (int)size)
        abort();
    if (used > 0) {
        struct stun_message again;
        struct span value;
        struct ice_address address;
        uint64_t number;
        if (stun_decode(span_of(data, (size_t)used), &again) != used ||
            stun_decode(span_of(data, (size_t)used - 1), &again) > 0)
            abort();
        for (int type = 0; type < 0x10000; type += type == 0x40 ? 0x7fc0 : 1) {
            if (stun_find(&m, (enum stun_attribute)type, &value) &&
                (value.data < data || value.len > size))
                abort();
            if (type > 0x8100)
                break;
        }
        stun_find_u64(&m, STUN_ICE_CONTROLLING, &number);
        stun_find_address(&m, STUN_XOR_MAPPED_ADDRESS, &address);
        stun_find_address(&m, STUN_MAPPED_ADDRESS, &address);
        stun_find_error(&m, &value);
        stun_check_integrity(&m, SPAN_LITERAL("VOkJxbRl1RmTxUk/WvJxBt"));
        stun_check_fingerprint(&m);
    }
    feed_agent(bytes);
    return 0;
}
