/*
 * The agent's bases: slots with a number each, by which the owner knows them.
 * One that was taken once keeps its memory; most agents take two.
 */
#include <errno.h>

#include "base/alloc.h"
#include "ice/agent_internal.h"

bool base_is_used(const struct ice_agent *a, int base)
{
    return base >= 0 && base < ICE_BASES_MAX && a->bases[base] && a->bases[base]->is_used;
}

int base_send(struct ice_agent *a, int base, const struct ice_address *remote, struct span bytes)
{
    if (bytes.len == 0 || !base_is_used(a, base) || !a->bases[base]->is_open)
        return -EINVAL;
    return a->handlers.on_datagram(a->arg, base, remote, bytes);
}

int base_take(struct ice_agent *a)
{
    for (int i = 0; i < ICE_BASES_MAX; i++) {
        if (base_is_used(a, i))
            continue;
        if (!a->bases[i])
            a->bases[i] = xcalloc(1, sizeof *a->bases[i]);
        *a->bases[i] = (struct ice_base){.is_used = true, .relay = -1, .serial = ++a->base_serial};
        buf_init(&a->bases[i]->stream, TURN_STREAM_MAX);
        return i;
    }
    return -1;
}

void base_free(struct ice_agent *a, int base)
{
    buf_deinit(&a->bases[base]->stream);
    a->bases[base]->is_used = false;
}

bool base_is_fit(const struct ice_agent *a, int base, const struct ice_address *server)
{
    const struct ice_base *b = a->bases[base];
    return base_is_used(a, base) && !b->is_stream && b->address.family == server->family &&
           ice_address_is_loopback(&b->address) == ice_address_is_loopback(server);
}

void base_set_default(struct ice_agent *a, int base, bool is_default)
{
    struct ice_base *b = a->bases[base];
    b->is_default = is_default;
    b->preference = ice_interface_preference(b->kind, &b->address, is_default, base);
}

unsigned base_rank(const struct ice_agent *a, int base)
{
    return (unsigned)a->bases[base]->is_default << 16 | a->bases[base]->preference;
}
