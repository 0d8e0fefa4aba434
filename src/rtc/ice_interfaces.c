/*
 * The kernel chooses by the destination alone which way a datagram leaves, so
 * of two uplinks only that of the default route is ever used, and when it dies
 * silently the other one's candidates are of no use. What leaves from the
 * other's addresses is therefore pinned to its interface.
 *
 * But never past a VPN: what the system would lead into a tunnel does not leave
 * by another way because of us. So before a check leaves from a pinned socket
 * the kernel is asked where it would have led that without the pin; if that is
 * a tunnel, it is not sent, and the VPN's own candidate is the only one that
 * leads there. A tunnel is an interface with the name of one, or one from point
 * to point; that PPP over a DSL modem looks the same costs its second uplink.
 *
 * The interface of the default route is not pinned. It need not have the
 * address itself (some routers' hosts have theirs on a dummy), and its packets
 * go there anyway.
 */
#include "rtc/ice_interfaces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "ice/candidate.h"
#include "rtc/ice_address.h"

static enum ice_interface_kind kind_of(const struct interface *interface)
{
    struct ice_address address = ice_from_sockaddr(&interface->address);
    enum ice_interface_kind kind = ice_interface_kind(interface->name, &address);
    bool is_tunnel = interface->is_point_to_point && kind == ICE_INTERFACE_PHYSICAL;
    return is_tunnel ? ICE_INTERFACE_VPN : kind;
}

/* ---- rank ---- */

struct ranked {
    struct interface interface;
    int rank; /* the least is the best */
    int order;
};

enum { USELESS = 100, CLASSES = 1 + ICE_INTERFACE_LOOPBACK + 1 };

/* Which are used: those of one interface, or of all, and then the loopback's
 * only where there are no others. */
struct choice {
    const char *only;
    bool wants_loopback;
};

static bool is_useful(const struct interface *interface, const struct choice *choice)
{
    struct ice_address address = ice_from_sockaddr(&interface->address);
    bool is_chosen = choice->only ? strcmp(interface->name, choice->only) == 0
                                  : interface->is_loopback == choice->wants_loopback;
    return interface->has_carrier && is_chosen && !ice_address_is_link_local(&address) &&
           !ice_address_is_unusable(&address);
}

static bool is_same_interface(const struct interface *a, const struct interface *b)
{
    return strcmp(a->name, b->name) == 0 &&
           a->address.storage.ss_family == b->address.storage.ss_family;
}

static int rank_of(const struct ranked *all, int index, const struct choice *choice)
{
    const struct interface *interface = &all[index].interface;
    int before = 0;
    if (!is_useful(interface, choice))
        return USELESS;
    for (int i = 0; i < index; i++)
        before += all[i].rank < USELESS && is_same_interface(&all[i].interface, interface);
    int class = interface->is_default ? 0 : 1 + (int)kind_of(interface);
    return class + (before < ICE_PER_INTERFACE ? 0 : CLASSES);
}

static int compare(const void *x, const void *y)
{
    const struct ranked *a = x;
    const struct ranked *b = y;
    return a->rank != b->rank ? a->rank - b->rank : a->order - b->order;
}

int ice_interfaces_rank(struct interface *list, int count, const char *only)
{
    struct ranked *all = xcalloc((size_t)count + 1, sizeof *all);
    const struct choice others = {only, false};
    struct choice choice = {only, true};
    int useful = 0;
    for (int i = 0; i < count; i++)
        choice.wants_loopback = choice.wants_loopback && !is_useful(&list[i], &others);
    for (int i = 0; i < count; i++) {
        all[i] = (struct ranked){.interface = list[i], .order = i};
        all[i].rank = rank_of(all, i, &choice);
        useful += all[i].rank < USELESS;
    }
    qsort(all, (size_t)count, sizeof *all, compare);
    for (int i = 0; i < count; i++)
        list[i] = all[i].interface;
    free(all);
    return useful;
}

/* ---- for people ---- */

const char *ice_interfaces_describe(const struct interface *list, int count,
                                    char out[ICE_INTERFACES_TEXT_LEN])
{
    enum { NAMES_MAX = 5 };
    size_t len = 0;
    int named = 0;
    out[0] = '\0';
    for (int i = 0; i < count; i++) {
        bool is_named = false;
        for (int k = 0; k < i && !is_named; k++)
            is_named = strcmp(list[k].name, list[i].name) == 0;
        if (is_named || named++ >= NAMES_MAX)
            continue;
        len += (size_t)snprintf(out + len, ICE_INTERFACES_TEXT_LEN - len, "%s%s", len ? ", " : "",
                                list[i].name[0] ? list[i].name : "an unknown one");
    }
    if (named > NAMES_MAX)
        snprintf(out + len, ICE_INTERFACES_TEXT_LEN - len, " and %d more", named - NAMES_MAX);
    return out;
}

/* ---- uplinks ---- */

bool ice_interfaces_is_uplink(const struct interface *list, int count,
                              const struct interface *interface)
{
    bool has_default = false;
    for (int i = 0; i < count; i++)
        has_default |= list[i].is_default &&
                       list[i].address.storage.ss_family == interface->address.storage.ss_family;
    return has_default && !interface->is_default && interface->name[0] &&
           kind_of(interface) == ICE_INTERFACE_PHYSICAL;
}

bool ice_interfaces_is_tunnelled(const struct interface *list, int count, const struct address *to)
{
    struct address source;
    if (interfaces_source_for(to, &source) < 0)
        return false;
    for (int i = 0; i < count; i++) {
        if (address_is_same_host(&list[i].address, &source))
            return kind_of(&list[i]) == ICE_INTERFACE_VPN;
    }
    return false;
}

/* ---- looking ---- */

bool ice_interfaces_look(struct ice_interfaces *machine)
{
    struct interface *list;
    int error;
    int count = interfaces_list(&list, &error);
    bool is_first = !machine->list;
    if (error && !is_first && !machine->is_guessing) {
        free(list);
        return false;
    }
    free(machine->list);
    machine->list = list;
    machine->count = count;
    machine->useful_count = ice_interfaces_rank(list, count, machine->only);
    machine->is_guessing = error != 0;
    if (error && is_first)
        log_info("ice: this system does not list its addresses (%s); using those of "
                 "IPv4, and the one of IPv6 that packets to the internet leave from",
                 strerror(-error));
    return true;
}

void ice_interfaces_deinit(struct ice_interfaces *machine)
{
    free(machine->list);
    *machine = (struct ice_interfaces){0};
}

int ice_interfaces_find(const struct ice_interfaces *machine, const struct address *address)
{
    for (int i = 0; i < machine->count; i++) {
        if (address_is_same_host(&machine->list[i].address, address))
            return i;
    }
    return -1;
}

bool ice_interfaces_is_ipv6_only(const struct ice_interfaces *machine)
{
    bool has_ipv4 = false;
    bool has_ipv6 = false;
    for (int i = 0; i < machine->useful_count; i++) {
        const struct interface *interface = &machine->list[i];
        bool is_ipv4 = interface->address.storage.ss_family == AF_INET;
        has_ipv4 |= is_ipv4 && interface->is_default;
        has_ipv6 |= !is_ipv4 && interface->is_default;
    }
    return has_ipv6 && !has_ipv4;
}
