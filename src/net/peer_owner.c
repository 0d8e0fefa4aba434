/*
 * NETLINK_SOCK_DIAG (sock_diag(7)): the exact look-up of a socket by its
 * addresses and ports, ours turned round. The answer has the inode of the
 * socket's descriptor, and 0 once the last descriptor is closed; a socket in
 * its time of waiting has none either. Anybody may ask about any socket.
 *
 * In the very moment of a close(2) the FIN may be here before the kernel has
 * taken the socket from its owner. Who needs to be sure asks again later.
 */
#include "net/peer_owner.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct endpoint {
    uint32_t address[4]; /* as in struct inet_diag_sockid */
    uint16_t port;       /* in network order */
    int family;
};

/* A mapped IPv4 address is IPv6 to the socket, but not to the client's. */
static void endpoint_set_in6(struct endpoint *end, const struct sockaddr_in6 *in6)
{
    end->port = in6->sin6_port;
    end->family = AF_INET6;
    memcpy(end->address, &in6->sin6_addr, sizeof in6->sin6_addr);
    if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        return;
    end->family = AF_INET;
    end->address[0] = end->address[3];
    memset(&end->address[1], 0, 3 * sizeof end->address[0]);
}

static bool endpoint_set(struct endpoint *end, const struct sockaddr_storage *storage)
{
    *end = (struct endpoint){0};
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)storage;
        end->port = in->sin_port;
        end->family = AF_INET;
        end->address[0] = in->sin_addr.s_addr;
        return true;
    }
    if (storage->ss_family != AF_INET6)
        return false;
    endpoint_set_in6(end, (const void *)storage);
    return true;
}

static bool endpoints_get(int fd, struct endpoint *peer, struct endpoint *own)
{
    struct sockaddr_storage storage = {0};
    socklen_t len = sizeof storage;
    if (getpeername(fd, (struct sockaddr *)&storage, &len) < 0 || !endpoint_set(peer, &storage))
        return false;
    len = sizeof storage;
    return getsockname(fd, (struct sockaddr *)&storage, &len) == 0 && endpoint_set(own, &storage);
}

/* Loopback, or the address that we were reached at: what a connection from
 * this machine has. Another of its addresses is taken for a remote one. */
static bool is_on_this_machine(const struct endpoint *peer, const struct endpoint *own)
{
    if (peer->family != own->family)
        return false;
    if (memcmp(peer->address, own->address, sizeof peer->address) == 0)
        return true;
    return peer->family == AF_INET && ntohl(peer->address[0]) >> 24 == IN_LOOPBACKNET;
}

static int send_question(int netlink, const struct endpoint *peer, const struct endpoint *own)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } question = {
        .header = {.nlmsg_len = sizeof question,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST},
        .request = {.sdiag_family = (uint8_t)peer->family,
                    .sdiag_protocol = IPPROTO_TCP,
                    .id = {.idiag_sport = peer->port,
                           .idiag_dport = own->port,
                           .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
    memcpy(question.request.id.idiag_src, peer->address, sizeof peer->address);
    memcpy(question.request.id.idiag_dst, own->address, sizeof own->address);
    return send(netlink, &question, sizeof question, 0) < 0 ? -1 : 0;
}

/* The kernel answers within the send(2), so nothing is waited for. */
static enum peer_owner read_answer(int netlink)
{
    union {
        struct nlmsghdr header;
        uint8_t bytes[1024];
    } answer;
    ssize_t len = recv(netlink, &answer, sizeof answer, MSG_DONTWAIT);
    if (len < (ssize_t)sizeof answer.header)
        return PEER_REMOTE;
    const void *payload = NLMSG_DATA(&answer.header);
    size_t payload_len = (size_t)len - NLMSG_HDRLEN;
    if (answer.header.nlmsg_type == NLMSG_ERROR && payload_len >= sizeof(struct nlmsgerr))
        return ((const struct nlmsgerr *)payload)->error == -ENOENT ? PEER_MISSING : PEER_REMOTE;
    if (answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        payload_len < sizeof(struct inet_diag_msg))
        return PEER_REMOTE;
    const struct inet_diag_msg *found = payload;
    if (found->idiag_state == TCP_LISTEN) /* where there is no better match */
        return PEER_MISSING;
    return found->idiag_inode != 0 ? PEER_OWNED : PEER_ORPHANED;
}

enum peer_owner peer_owner_ask(int fd)
{
    struct endpoint peer, own;
    if (!endpoints_get(fd, &peer, &own) || !is_on_this_machine(&peer, &own))
        return PEER_REMOTE;
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0)
        return PEER_REMOTE;
    enum peer_owner owner = PEER_REMOTE;
    if (send_question(netlink, &peer, &own) == 0)
        owner = read_answer(netlink);
    close(netlink);
    return owner;
}
