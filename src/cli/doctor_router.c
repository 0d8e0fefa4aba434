/*
 * The errand may outlive the probe, whose memory it then keeps.
 */
#include "cli/doctor_router.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/random.h"
#include "net/errand.h"
#include "net/interfaces.h"
#include "net/private_address.h"
#include "net/router.h"

struct doctor_router_probe {
    struct address local;
    /* The errand's until it is done. */
    struct address outside;
    int error;
    /* Ours. */
    enum doctor_router state;
    bool is_running;
    bool is_dropped;
    void (*on_done)(void *arg);
    void *arg;
};

static void ask(void *arg)
{
    struct doctor_router_probe *probe = arg;
    struct router *router = router_new();
    probe->error = router_map(router, &probe->local, &probe->outside);
    if (probe->error == 0)
        router_unmap(router, &probe->local, &probe->outside);
    router_free(router);
}

static void done(void *arg)
{
    struct doctor_router_probe *probe = arg;
    probe->is_running = false;
    probe->state = probe->error == 0         ? DOCTOR_ROUTER_MAPS
                   : probe->error == -EACCES ? DOCTOR_ROUTER_REFUSES
                                             : DOCTOR_ROUTER_SILENT;
    if (probe->is_dropped)
        free(probe);
    else
        probe->on_done(probe->arg);
}

/* The private IPv4 address that the default route leads from. */
static bool find_local(struct address *out)
{
    struct interface *list;
    int error;
    int count = interfaces_list(&list, &error);
    bool is_found = false;
    for (int i = 0; i < count && !is_found; i++) {
        *out = list[i].address;
        is_found =
            list[i].is_default && out->storage.ss_family == AF_INET && address_is_private(out);
    }
    free(list);
    return is_found;
}

struct doctor_router_probe *doctor_router_new(struct loop *loop, void (*on_done)(void *arg),
                                              void *arg)
{
    struct doctor_router_probe *probe = xcalloc(1, sizeof *probe);
    probe->on_done = on_done;
    probe->arg = arg;
    if (!router_libraries()) {
        probe->state = DOCTOR_ROUTER_UNBUILT;
    } else if (!find_local(&probe->local)) {
        probe->state = DOCTOR_ROUTER_NEEDLESS;
    } else {
        /* Among those that no program is given. */
        address_set_port(&probe->local, (uint16_t)(20000 + random_u32() % 8192));
        probe->state = DOCTOR_ROUTER_SILENT;
        probe->is_running = true;
        errand_run(loop, ask, done, probe);
        return probe;
    }
    loop_defer(loop, on_done, arg);
    return probe;
}

enum doctor_router doctor_router_get(const struct doctor_router_probe *probe,
                                     char text[ADDRESS_TEXT_LEN])
{
    if (probe->state == DOCTOR_ROUTER_MAPS)
        address_format(&probe->outside, text);
    return probe->state;
}

void doctor_router_free(struct doctor_router_probe *probe)
{
    if (probe && probe->is_running)
        probe->is_dropped = true;
    else
        free(probe);
}
