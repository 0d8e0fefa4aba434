/*
 * How good a local interface is, judged by its name: there is no system call
 * that tells a VPN from an Ethernet card, but the programs that make virtual
 * interfaces are few and name them alike.
 */
#include "ice/candidate.h"

static bool starts_with_any(const char *name, const char *const *prefixes)
{
    for (; *prefixes; prefixes++) {
        if (strncmp(name, *prefixes, strlen(*prefixes)) == 0)
            return true;
    }
    return false;
}

enum ice_interface_kind ice_interface_kind(const char *name, const struct ice_address *address)
{
    static const char *const vpns[] = {"tun",     "tap",    "wg",       "tailscale", "zt",
                                       "utun",    "ppp",    "nebula",   "ipsec",     "vpn",
                                       "mullvad", "proton", "nordlynx", NULL};
    static const char *const bridges[] = {"docker", "br-",  "veth",  "virbr",  "vnet",    "vmnet",
                                          "vbox",   "lxc",  "lxd",   "cni",    "flannel", "cali",
                                          "podman", "kube", "incus", "cilium", NULL};
    if (ice_address_is_loopback(address))
        return ICE_INTERFACE_LOOPBACK;
    if (starts_with_any(name, vpns))
        return ICE_INTERFACE_VPN;
    return starts_with_any(name, bridges) ? ICE_INTERFACE_BRIDGE : ICE_INTERFACE_PHYSICAL;
}

/*   | kind: 2 bits | IPv6 | default route | 31 − index: 5 bits | 7 ones |
 * The low bits leave room for relays to be ranked by transport. */
_Static_assert((int)ICE_BASES_MAX <= 32, "5 bits hold the index");
uint16_t ice_interface_preference(enum ice_interface_kind kind, const struct ice_address *address,
                                  bool is_default, int index)
{
    unsigned family = address->family == ICE_FAMILY_6;
    return (uint16_t)((3u - kind) << 14 | family << 13 | (unsigned)is_default << 12 |
                      (31u - (unsigned)index) << 7 | 0x7f);
}
