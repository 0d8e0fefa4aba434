/*
 * net.inet.tcp.pcblist: all TCP sockets that we may see, with what became of
 * each. A close(2) makes it "disconnecting"; one that only will send no more
 * (shutdown(2)) is not. One that is not in the list may be hidden from us.
 *
 *   struct xinpgen | struct xtcpcb … | struct xinpgen    each with its length
 */
#include "net/endpoint_owner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>

#include <netinet/in.h>

#include <netinet/in_pcb.h>
#include <netinet/tcp_var.h>

#include "base/alloc.h"

enum { TRIES = 3, SLACK = 16 /* sockets that come in between */ };

static bool has_address(const struct endpoint *end, const union in_dependaddr *address)
{
    if (end->family == AF_INET)
        return memcmp(end->address, &address->id46_addr.ia46_addr4, sizeof(struct in_addr)) == 0;
    return memcmp(end->address, &address->id6_addr, sizeof(struct in6_addr)) == 0;
}

static bool is_wanted(const struct xtcpcb *row, const struct endpoint *peer,
                      const struct endpoint *own)
{
    const struct in_endpoints *ends = &row->xt_inp.inp_inc.inc_ie;
    int version = peer->family == AF_INET ? INP_IPV4 : INP_IPV6;
    return (row->xt_inp.inp_vflag & version) && ends->ie_lport == peer->port &&
           ends->ie_fport == own->port && has_address(peer, &ends->ie_dependladdr) &&
           has_address(own, &ends->ie_dependfaddr);
}

static enum peer_owner judge(const struct xtcpcb *row)
{
    const struct xsocket *socket = &row->xt_inp.xi_socket;
    bool is_closed =
        socket->xso_so == 0 || (socket->so_state & (SS_ISDISCONNECTING | SS_ISDISCONNECTED)) != 0;
    return is_closed ? PEER_ORPHANED : PEER_OWNED;
}

static enum peer_owner search(const char *list, size_t len, const struct endpoint *peer,
                              const struct endpoint *own)
{
    struct xinpgen head;
    struct xtcpcb row;
    if (len < sizeof head)
        return PEER_REMOTE;
    memcpy(&head, list, sizeof head);
    for (size_t at = head.xig_len; at < len && len - at >= sizeof row; at += row.xt_len) {
        memcpy(&row, list + at, sizeof row);
        if (row.xt_len != sizeof row) /* of another release, or the last, short one */
            break;
        if (is_wanted(&row, peer, own))
            return judge(&row);
    }
    return PEER_REMOTE;
}

int peer_owner_open(void)
{
    return -1;
}

enum peer_owner endpoint_owner(int inquiry, const struct endpoint *peer, const struct endpoint *own)
{
    (void)inquiry;
    static const char name[] = "net.inet.tcp.pcblist";
    enum peer_owner owner = PEER_REMOTE;
    bool is_read = false;
    for (int i = 0; i < TRIES && !is_read; i++) {
        size_t len = 0;
        if (sysctlbyname(name, NULL, &len, NULL, 0) < 0)
            return PEER_REMOTE;
        len += SLACK * sizeof(struct xtcpcb);
        char *list = xcalloc(len, 1);
        is_read = sysctlbyname(name, list, &len, NULL, 0) == 0;
        if (is_read)
            owner = search(list, len, peer, own);
        free(list);
    }
    return owner;
}
