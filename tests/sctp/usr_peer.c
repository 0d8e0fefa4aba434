/*
 * One-to-one sockets over AF_CONN, polled. A listening one is replaced by the
 * one that it accepts. Its address is the struct's own.
 */
#include "sctp/usr_peer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <usrsctp.h>

enum {
    PORT = 5000,
    READ_MAX = 1 << 18,
    MESSAGE_MAX = 1 << 20,
    STREAMS = 1024,
    INTERLEAVING_SUPPORTED = 0x1206, /* of its private header */
};

struct part {
    uint8_t *data;
    size_t len;
};

struct usr_peer {
    struct socket *socket;
    struct usr_handlers handlers;
    void *arg;
    struct part parts[STREAMS][2]; /* a message that comes in pieces */
    bool is_listening;
    bool is_closed;
};

static bool is_started;
static uint64_t clock_ms;

static int on_output(void *addr, void *buffer, size_t len, uint8_t tos, uint8_t set_df)
{
    (void)tos;
    (void)set_df;
    struct usr_peer *p = addr;
    p->handlers.on_packet(p->arg, span_of(buffer, len));
    return 0;
}

static void start(const struct usr_options *options)
{
    if (is_started)
        return;
    is_started = true;
    usrsctp_init_nothreads(0, on_output, NULL);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(1 << 20);
    usrsctp_sysctl_set_sctp_vtag_time_wait(0);
    usrsctp_sysctl_set_sctp_sendspace((uint32_t)options->buffer);
    usrsctp_sysctl_set_sctp_recvspace((uint32_t)options->buffer);
}

static void set(struct socket *s, int name, const void *value, size_t len)
{
    int result = usrsctp_setsockopt(s, IPPROTO_SCTP, name, value, (socklen_t)len);
    assert(result == 0);
}

static void configure(struct socket *s, const struct usr_options *options)
{
    struct sctp_assoc_value av = {.assoc_id = SCTP_ALL_ASSOC};
    int on = 1;
    usrsctp_set_non_blocking(s, 1);
    struct linger linger = {.l_onoff = 1};
    usrsctp_setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    int buffer = (int)options->buffer;
    usrsctp_setsockopt(s, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    usrsctp_setsockopt(s, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    set(s, SCTP_NODELAY, &on, sizeof on);
    set(s, SCTP_RECVRCVINFO, &on, sizeof on);
    av.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ | SCTP_ENABLE_CHANGE_ASSOC_REQ;
    set(s, SCTP_ENABLE_STREAM_RESET, &av, sizeof av);
    struct sctp_initmsg init = {.sinit_num_ostreams = STREAMS, .sinit_max_instreams = STREAMS};
    set(s, SCTP_INITMSG, &init, sizeof init);
    struct sctp_paddrparams params = {.spp_flags = SPP_PMTUD_DISABLE, .spp_pathmtu = options->mtu};
    set(s, SCTP_PEER_ADDR_PARAMS, &params, sizeof params);
    if (options->interleaving) {
        int level = 2;
        set(s, SCTP_FRAGMENT_INTERLEAVE, &level, sizeof level);
        av.assoc_value = 1;
        set(s, INTERLEAVING_SUPPORTED, &av, sizeof av);
    }
    static const uint16_t events[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct sctp_event event = {.se_assoc_id = SCTP_ALL_ASSOC, .se_on = 1, .se_type = events[i]};
        set(s, SCTP_EVENT, &event, sizeof event);
    }
}

static struct sockaddr_conn address_of(struct usr_peer *p)
{
    return (
        struct sockaddr_conn){.sconn_family = AF_CONN, .sconn_port = htons(PORT), .sconn_addr = p};
}

struct usr_peer *usr_peer_new(const struct usr_options *options,
                              const struct usr_handlers *handlers, void *arg)
{
    start(options);
    struct usr_peer *p = calloc(1, sizeof *p);
    assert(p);
    p->handlers = *handlers;
    p->arg = arg;
    usrsctp_register_address(p);
    p->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    assert(p->socket);
    configure(p->socket, options);
    struct sockaddr_conn address = address_of(p);
    int result = usrsctp_bind(p->socket, (struct sockaddr *)&address, sizeof address);
    assert(result == 0);
    return p;
}

void usr_peer_free(struct usr_peer *p)
{
    usrsctp_close(p->socket);
    usrsctp_deregister_address(p);
    for (size_t i = 0; i < STREAMS; i++) {
        free(p->parts[i][0].data);
        free(p->parts[i][1].data);
    }
    free(p);
}

void usr_peer_connect(struct usr_peer *p)
{
    struct sockaddr_conn address = address_of(p);
    int result = usrsctp_connect(p->socket, (struct sockaddr *)&address, sizeof address);
    assert(result == 0 || errno == EINPROGRESS);
}

void usr_peer_listen(struct usr_peer *p)
{
    int result = usrsctp_listen(p->socket, 1);
    assert(result == 0);
    p->is_listening = true;
}

void usr_peer_feed(struct usr_peer *p, struct span packet)
{
    usrsctp_conninput(p, packet.data, packet.len, 0);
}

static void on_notification(struct usr_peer *p, const union sctp_notification *n)
{
    if (n->sn_header.sn_type == SCTP_ASSOC_CHANGE) {
        if (n->sn_assoc_change.sac_state == SCTP_COMM_UP) {
            p->handlers.on_connected(p->arg);
        } else if (!p->is_closed) {
            p->is_closed = true;
            p->handlers.on_closed(p->arg);
        }
        return;
    }
    if (n->sn_header.sn_type != SCTP_STREAM_RESET_EVENT)
        return;
    const struct sctp_stream_reset_event *e = &n->sn_strreset_event;
    size_t count = (e->strreset_length - sizeof *e) / sizeof(uint16_t);
    for (size_t i = 0; i < count; i++) {
        if (e->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN)
            p->handlers.on_reset(p->arg, e->strreset_stream_list[i], true);
        if (e->strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN)
            p->handlers.on_reset(p->arg, e->strreset_stream_list[i], false);
    }
}

static void on_data(struct usr_peer *p, const struct sctp_rcvinfo *info, struct span data, bool end)
{
    bool unordered = (info->rcv_flags & SCTP_UNORDERED) != 0;
    struct part *part = &p->parts[info->rcv_sid][unordered];
    uint32_t ppid = ntohl(info->rcv_ppid);
    if (end && part->len == 0) {
        p->handlers.on_message(p->arg, info->rcv_sid, ppid, unordered, data);
        return;
    }
    if (!part->data)
        part->data = malloc(MESSAGE_MAX);
    assert(part->data && part->len + data.len <= MESSAGE_MAX);
    memcpy(part->data + part->len, data.data, data.len);
    part->len += data.len;
    if (!end)
        return;
    size_t len = part->len;
    part->len = 0;
    p->handlers.on_message(p->arg, info->rcv_sid, ppid, unordered, span_of(part->data, len));
}

void usr_peer_poll(struct usr_peer *p)
{
    if (p->is_listening) {
        struct socket *accepted = usrsctp_accept(p->socket, NULL, NULL);
        if (!accepted)
            return;
        usrsctp_close(p->socket);
        p->socket = accepted;
        p->is_listening = false;
        usrsctp_set_non_blocking(accepted, 1);
        p->handlers.on_connected(p->arg);
    }
    static uint8_t buffer[READ_MAX];
    for (;;) {
        struct sockaddr_conn from;
        socklen_t from_len = sizeof from;
        struct sctp_rcvinfo info;
        memset(&info, 0, sizeof info);
        socklen_t info_len = sizeof info;
        unsigned type = 0;
        int flags = 0;
        ssize_t len = usrsctp_recvv(p->socket, buffer, sizeof buffer, (struct sockaddr *)&from,
                                    &from_len, &info, &info_len, &type, &flags);
        if (len <= 0) {
            if (len == 0 && !p->is_closed) {
                p->is_closed = true;
                p->handlers.on_closed(p->arg);
            }
            return;
        }
        if (flags & MSG_NOTIFICATION)
            on_notification(p, (const union sctp_notification *)buffer);
        else
            on_data(p, &info, span_of(buffer, (size_t)len), (flags & MSG_EOR) != 0);
    }
}

bool usr_peer_send(struct usr_peer *p, uint16_t stream, uint32_t ppid, bool unordered,
                   struct span message)
{
    struct sctp_sndinfo info = {
        .snd_sid = stream,
        .snd_ppid = htonl(ppid),
        .snd_flags = unordered ? SCTP_UNORDERED : 0,
    };
    ssize_t sent = usrsctp_sendv(p->socket, message.data, message.len, NULL, 0, &info, sizeof info,
                                 SCTP_SENDV_SNDINFO, 0);
    assert(sent < 0 || (size_t)sent == message.len);
    return sent >= 0;
}

void usr_peer_reset(struct usr_peer *p, uint16_t stream)
{
    union {
        struct sctp_reset_streams s;
        uint8_t bytes[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)];
    } reset = {.s = {.srs_flags = SCTP_STREAM_RESET_OUTGOING, .srs_number_streams = 1}};
    memcpy(reset.bytes + sizeof reset.s, &stream, sizeof stream);
    set(p->socket, SCTP_RESET_STREAMS, &reset, sizeof reset.s + sizeof stream);
}

void usr_peer_shutdown(struct usr_peer *p)
{
    usrsctp_shutdown(p->socket, SHUT_WR);
}

/* usrsctp's timers follow its ticks, but round trips it measures by this: it
 * must see the same time, or its timeouts never fit. */
int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    *now = (struct timeval){.tv_sec = 1000000 + (time_t)(clock_ms / 1000),
                            .tv_usec = (suseconds_t)(clock_ms % 1000 * 1000)};
    return 0;
}

void usr_peer_tick(unsigned ms)
{
    clock_ms += ms;
    usrsctp_handle_timers(ms);
}
