/*
 * Asked anew by every agent that is made and at every change of addresses, so
 * there is no need to know for how long an answer is good.
 */
#include "rtc/nat64_search.h"

#include <errno.h>

#include "rtc/ice_address.h"

void nat64_search_init(struct nat64_search *s, struct loop *loop, void (*on_end)(void *arg),
                       void *arg)
{
    *s = (struct nat64_search){.loop = loop, .on_end = on_end, .arg = arg};
}

static void on_resolved(const struct address *addresses, int count, int error, void *arg)
{
    struct nat64_search *s = arg;
    struct ice_nat64 found = {0};
    s->resolution = NULL;
    for (int i = 0; i < count && found.len == 0; i++) {
        struct ice_address address = ice_from_sockaddr(&addresses[i]);
        ice_nat64_learn(&address, &found);
    }
    /* Where no name server has answered, what was known is. */
    if (s->is_wanted && error != -EAGAIN)
        s->prefix = found;
    s->on_end(s->arg);
}

void nat64_search_start(struct nat64_search *s)
{
    s->is_wanted = true;
    if (!s->resolution)
        s->resolution = resolve_patiently(s->loop, "ipv4only.arpa", 0, on_resolved, s);
}

void nat64_search_forget(struct nat64_search *s)
{
    s->is_wanted = false;
    s->prefix = (struct ice_nat64){0};
}

void nat64_search_deinit(struct nat64_search *s)
{
    if (s->resolution)
        resolution_cancel(s->resolution);
    s->resolution = NULL;
}
