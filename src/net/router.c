/*
 * NAT-PMP comes first: one datagram to the default gateway, and a router that
 * does not speak it mostly says so by ICMP. UPnP asks by multicast who is
 * there, and then speaks SOAP over HTTP. Which of them it was is remembered.
 *
 * Each library may be missing; then its half finds no router.
 */
#include "net/router.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/random.h"

#ifdef TUNNEL_NATPMP
#include <natpmp.h>
#endif
#ifdef TUNNEL_MINIUPNPC
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#endif

enum protocol { UNKNOWN, NATPMP, UPNP };

struct router {
    enum protocol protocol;
#ifdef TUNNEL_MINIUPNPC
    struct UPNPUrls urls; /* of UPNP */
    struct IGDdatas data;
#endif
};

const char *router_libraries(void)
{
#if defined TUNNEL_NATPMP && defined TUNNEL_MINIUPNPC
    return "libnatpmp, miniupnpc";
#elif defined TUNNEL_NATPMP
    return "libnatpmp";
#elif defined TUNNEL_MINIUPNPC
    return "miniupnpc";
#else
    return NULL;
#endif
}

struct router *router_new(void)
{
    return xcalloc(1, sizeof(struct router));
}

#if defined TUNNEL_NATPMP || defined TUNNEL_MINIUPNPC
static void set_outside(struct address *outside, struct in_addr ip, uint16_t port)
{
    struct sockaddr_in *v4 = (void *)&outside->storage;
    *outside = (struct address){.len = sizeof *v4};
    v4->sin_family = AF_INET;
    v4->sin_addr = ip;
    v4->sin_port = htons(port);
}
#endif

/* ---- NAT-PMP ---- */

#ifdef TUNNEL_NATPMP
enum { NATPMP_TRIES = 3 }; /* the third one waits in vain: 0.75 s in all */

static int natpmp_wait(natpmp_t *natpmp, natpmpresp_t *answer)
{
    int result;
    do {
        struct timeval left = {0};
        getnatpmprequesttimeout(natpmp, &left);
        struct pollfd p = {.fd = natpmp->s, .events = POLLIN};
        poll(&p, 1, (int)(left.tv_sec * 1000 + left.tv_usec / 1000) + 1);
        result = readnatpmpresponseorretry(natpmp, answer);
    } while (result == NATPMP_TRYAGAIN && natpmp->try_number < NATPMP_TRIES);
    return result;
}

/* lifetime_s 0 takes back. */
static int natpmp_ask(const struct address *local, struct address *outside, uint32_t lifetime_s)
{
    natpmp_t natpmp;
    natpmpresp_t address;
    natpmpresp_t mapping;
    uint16_t port = address_port(local);
    uint16_t wanted = outside->len > 0 ? address_port(outside) : port;
    if (initnatpmp(&natpmp, 0, 0) < 0)
        return -ENOENT;
    int result = sendpublicaddressrequest(&natpmp);
    if (result >= 0)
        result = natpmp_wait(&natpmp, &address);
    bool is_there = result == 0;
    if (is_there)
        result = sendnewportmappingrequest(&natpmp, NATPMP_PROTOCOL_UDP, port,
                                           lifetime_s > 0 ? wanted : 0, lifetime_s);
    if (is_there && result >= 0)
        result = natpmp_wait(&natpmp, &mapping);
    closenatpmp(&natpmp);
    if (!is_there || result < 0)
        return is_there ? -EACCES : -ENOENT;
    if (lifetime_s > 0)
        set_outside(outside, address.pnu.publicaddress.addr,
                    mapping.pnu.newportmapping.mappedpublicport);
    return 0;
}
#else
static int natpmp_ask(const struct address *local, struct address *outside, uint32_t lifetime_s)
{
    (void)local, (void)outside, (void)lifetime_s;
    return -ENOENT;
}
#endif

/* ---- UPnP ---- */

#ifdef TUNNEL_MINIUPNPC
enum {
    DISCOVERY_MS = 1000,
    CONFLICT = 718, /* that port is another one's */
    ONLY_PERMANENT_LEASES = 725,
    PORTS_TRIED = 4,
    PORT_TEXT_LEN = 8
};

void router_free(struct router *router)
{
    if (router->protocol == UPNP)
        FreeUPNPUrls(&router->urls);
    free(router);
}

static int upnp_find(struct router *router, const char *local_ip)
{
    int error;
    char lan[64] = "";
    struct UPNPDev *devices = upnpDiscover(DISCOVERY_MS, local_ip, NULL, 0, 0, 2, &error);
#if MINIUPNPC_API_VERSION >= 18
    char wan[64] = "";
    int found =
        UPNP_GetValidIGD(devices, &router->urls, &router->data, lan, sizeof lan, wan, sizeof wan);
#else
    int found = UPNP_GetValidIGD(devices, &router->urls, &router->data, lan, sizeof lan);
#endif
    freeUPNPDevlist(devices);
    if (found == 1) {
        router->protocol = UPNP;
        return 0;
    }
    if (found > 0)
        FreeUPNPUrls(&router->urls);
    return -ENOENT;
}

static int upnp_add(const struct router *router, const char *outside_port, const char *local_port,
                    const char *local_ip)
{
    char lease[16];
    snprintf(lease, sizeof lease, "%d", ROUTER_LEASE_S);
    int result =
        UPNP_AddPortMapping(router->urls.controlURL, router->data.first.servicetype, outside_port,
                            local_port, local_ip, "tunnel", "UDP", NULL, lease);
    if (result == ONLY_PERMANENT_LEASES)
        result =
            UPNP_AddPortMapping(router->urls.controlURL, router->data.first.servicetype,
                                outside_port, local_port, local_ip, "tunnel", "UDP", NULL, "0");
    return result;
}

static int upnp_map(const struct router *router, const struct address *local, const char *local_ip,
                    struct address *outside)
{
    char local_port[PORT_TEXT_LEN];
    char outside_port[PORT_TEXT_LEN];
    char text[64] = "";
    struct in_addr ip;
    uint16_t port = outside->len > 0 ? address_port(outside) : address_port(local);
    int result = CONFLICT;
    snprintf(local_port, sizeof local_port, "%u", address_port(local));
    for (int i = 0; i < PORTS_TRIED && result == CONFLICT; i++) {
        if (i > 0)
            port = (uint16_t)(32768 + random_u32() % 16384);
        snprintf(outside_port, sizeof outside_port, "%u", port);
        result = upnp_add(router, outside_port, local_port, local_ip);
    }
    if (result == 0)
        result = UPNP_GetExternalIPAddress(router->urls.controlURL, router->data.first.servicetype,
                                           text);
    if (result != 0 || inet_pton(AF_INET, text, &ip) != 1)
        return -EACCES;
    set_outside(outside, ip, port);
    return 0;
}

static int upnp_ask(struct router *router, const struct address *local, struct address *outside)
{
    char local_ip[INET_ADDRSTRLEN];
    const struct sockaddr_in *v4 = (const void *)&local->storage;
    inet_ntop(AF_INET, &v4->sin_addr, local_ip, sizeof local_ip);
    int error = router->protocol == UPNP ? 0 : upnp_find(router, local_ip);
    return error < 0 ? error : upnp_map(router, local, local_ip, outside);
}

static void upnp_unmap(const struct router *router, const struct address *outside)
{
    char port[PORT_TEXT_LEN];
    snprintf(port, sizeof port, "%u", address_port(outside));
    UPNP_DeletePortMapping(router->urls.controlURL, router->data.first.servicetype, port, "UDP",
                           NULL);
}
#else
void router_free(struct router *router)
{
    free(router);
}

static int upnp_ask(struct router *router, const struct address *local, struct address *outside)
{
    (void)router, (void)local, (void)outside;
    return -ENOENT;
}

static void upnp_unmap(const struct router *router, const struct address *outside)
{
    (void)router, (void)outside;
}
#endif

/* ---- both ---- */

int router_map(struct router *router, const struct address *local, struct address *outside)
{
    int error = -ENOENT;
    if (router->protocol != UPNP)
        error = natpmp_ask(local, outside, ROUTER_LEASE_S);
    if (error == 0)
        router->protocol = NATPMP;
    if (error == 0 || router->protocol == NATPMP)
        return error;
    return upnp_ask(router, local, outside);
}

void router_unmap(struct router *router, const struct address *local, const struct address *outside)
{
    struct address ignored = *outside;
    if (router->protocol == NATPMP)
        natpmp_ask(local, &ignored, 0);
    else if (router->protocol == UPNP)
        upnp_unmap(router, outside);
}
