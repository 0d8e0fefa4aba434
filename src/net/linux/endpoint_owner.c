/*
 * NETLINK_SOCK_DIAG (sock_diag(7)): the exact look-up of a socket by its
 * addresses and ports, ours turned round. The answer has the inode of the
 * socket's descriptor, and 0 once the last descriptor is closed; a socket in
 * its time of waiting has none either. Anybody may ask about any socket.
 */
#include "net/endpoint_owner.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* By it an answer is told from one to an earlier question. */
static uint32_t number_of(const struct endpoint *peer, const struct endpoint *own)
{
    return (uint32_t)peer->port << 16 | own->port;
}

static int send_question(int netlink, const struct endpoint *peer, const struct endpoint *own)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } question = {
        .header = {.nlmsg_len = sizeof question,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = number_of(peer, own)},
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
static enum peer_owner read_answer(int netlink, const struct endpoint *peer,
                                   const struct endpoint *own)
{
    union {
        struct nlmsghdr header;
        uint8_t bytes[1024];
    } answer;
    ssize_t len = recv(netlink, &answer, sizeof answer, MSG_DONTWAIT);
    if (len < (ssize_t)sizeof answer.header || answer.header.nlmsg_seq != number_of(peer, own))
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

int peer_owner_open(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

enum peer_owner endpoint_owner(int inquiry, const struct endpoint *peer, const struct endpoint *own)
{
    return send_question(inquiry, peer, own) == 0 ? read_answer(inquiry, peer, own) : PEER_REMOTE;
}
