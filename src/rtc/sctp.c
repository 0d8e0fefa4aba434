/*
 * usrsctp without threads, but for one that it starts and that always sleeps.
 * It is one machine for the whole process: its timers, its settings and its
 * output function are global, so what is static here is its, not ours. An association is known to it by an address, which
 * is a number here and not a pointer: a timer of usrsctp may send a last
 * packet for a socket that is closed already, and a number that is not
 * found any more does no harm.
 *
 * usrsctp is never asked from its own callbacks. Each entry (a packet, a
 * tick, a send) lets it work, then reads its socket until it is empty; that
 * the socket is simply not read is what closes the window.
 *
 * Ticks are 10 ms apart while something is going on. An association at rest
 * has heartbeats and nothing else, and is ticked twice a second.
 */
#include "rtc/sctp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <usrsctp.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "rtc/sctp_account.h"

enum {
    TICK_US = 10 * 1000,
    IDLE_TICK_US = 500 * 1000,
    IDLE_AFTER_US = 2 * 1000 * 1000,

    /* Of one association. Bounds what a sender can make us keep while the
     * reader is slow, and the rate on long paths: 2 MiB a round trip. */
    RECEIVE_BUFFER_BYTES = 2 << 20,
    /* usrsctp must never be the one who refuses: its buffer is greater than
     * what our own account of the queue lets through. */
    SEND_BUFFER_EXTRA_BYTES = 512 << 10,
    CHUNKS_ON_QUEUE_MAX = 32 << 10,

    STREAMS = 256, /* each way; one is used, memory is taken for each */
    NOTIFICATION_MAX = 1024,
    COMMON_HEADER_LEN = 12,
    CHUNK_ABORT = 6
};

enum sctp_state { STATE_NEW, STATE_CONNECTING, STATE_CONNECTED, STATE_CLOSED };

struct sctp {
    struct list link; /* in usrsctp_process.associations */
    void *address;    /* usrsctp's name for us; a number */
    enum sctp_state state;
    struct sctp_config config;
    struct sctp_handlers handlers;
    void *arg;
    struct socket *socket;
    bool is_reading;
    bool is_due;  /* read the socket at the next deadline */
    bool is_high; /* the queue was over its mark */
    bool has_abort;
    struct sctp_account account;
    uint64_t active_us; /* when something last went on */
    uint8_t *message;   /* being received: message_max and a notification */
    size_t message_len;
    uint8_t *outgoing; /* head and body joined */
};

/* usrsctp's own global state, which these mirror. */
static struct {
    bool is_started;
    uintptr_t next_address;
    uint64_t ticked_us;
    struct list associations;
} usrsctp_process;

/* ---- usrsctp as a whole ---- */

static struct sctp *find_association(const void *address)
{
    LIST_EACH(pos, tmp, &usrsctp_process.associations)
    {
        struct sctp *sctp = LIST_ENTRY(pos, struct sctp, link);
        if (sctp->address == address)
            return sctp;
    }
    return NULL;
}

static int on_output(void *address, void *data, size_t len, uint8_t tos, uint8_t set_df)
{
    (void)tos;
    (void)set_df;
    struct sctp *sctp = find_association(address);
    if (!sctp)
        return 0;
    struct span packet = span_of(data, len);
    sctp_account_on_packet_sent(&sctp->account, packet);
    sctp->handlers.on_packet(packet, sctp->arg);
    return 0;
}

static void start_library(void)
{
    if (usrsctp_process.is_started)
        return;
    usrsctp_process.is_started = true;
    usrsctp_process.next_address = 1;
    list_init(&usrsctp_process.associations);
    usrsctp_init_nothreads(0, on_output, NULL);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(CHUNKS_ON_QUEUE_MAX);
    /* RFC 6928's ten packets; RFC 9260's three take slow start two more round
     * trips. RTO.min stays at 1 s: below it, bulk transfer collapses. */
    usrsctp_sysctl_set_sctp_initial_cwnd(10);
    usrsctp_sysctl_set_sctp_max_burst_default(10);
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
    /* No time-wait for tags: the numbers of associations are never reused. */
    usrsctp_sysctl_set_sctp_vtag_time_wait(0);
}

/* Catches usrsctp's clock up. Called before anything that starts a timer, so
 * that the timer does not start in the past. */
static void tick_library(uint64_t now_us)
{
    if (usrsctp_process.ticked_us == 0 || now_us < usrsctp_process.ticked_us)
        usrsctp_process.ticked_us = now_us;
    uint64_t elapsed_ms = (now_us - usrsctp_process.ticked_us) / US_PER_MS;
    if (elapsed_ms < TICK_US / US_PER_MS)
        return;
    usrsctp_process.ticked_us += elapsed_ms * US_PER_MS;
    usrsctp_handle_timers(elapsed_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)elapsed_ms);
}

/* ---- an association's socket ---- */

static struct sockaddr_conn make_address(const struct sctp *sctp, uint16_t port)
{
    return (struct sockaddr_conn){
        .sconn_family = AF_CONN,
        .sconn_port = htons(port),
        .sconn_addr = sctp->address,
    };
}

/* Buffers and options; false is a caller's or the library's bug. */
static bool set_option(struct sctp *sctp, int level, int name, const void *value, size_t len)
{
    return usrsctp_setsockopt(sctp->socket, level, name, value, (socklen_t)len) == 0;
}

static bool subscribe(struct sctp *sctp)
{
    static const uint16_t types[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT};
    bool ok = true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct sctp_event event = {.se_assoc_id = SCTP_ALL_ASSOC, .se_type = types[i], .se_on = 1};
        ok = ok && set_option(sctp, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
    }
    return ok;
}

static bool open_socket(struct sctp *sctp)
{
    sctp->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    if (!sctp->socket || usrsctp_set_non_blocking(sctp->socket, 1) < 0)
        return false;
    int on = 1;
    int receive = RECEIVE_BUFFER_BYTES;
    int send =
        (int)(2 * sctp->config.send_high + sctp->config.message_max) + SEND_BUFFER_EXTRA_BYTES;
    struct linger linger = {.l_onoff = 1, .l_linger = 0}; /* close sends ABORT */
    struct sctp_assoc_value reset = {.assoc_id = SCTP_ALL_ASSOC,
                                     .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ |
                                                    SCTP_ENABLE_CHANGE_ASSOC_REQ};
    struct sctp_initmsg init = {.sinit_num_ostreams = STREAMS, .sinit_max_instreams = STREAMS};
    struct sockaddr_conn local = make_address(sctp, sctp->config.local_port);
    return set_option(sctp, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) &&
           set_option(sctp, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive) &&
           set_option(sctp, SOL_SOCKET, SO_SNDBUF, &send, sizeof send) &&
           set_option(sctp, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on) &&
           set_option(sctp, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on) &&
           set_option(sctp, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &reset, sizeof reset) &&
           set_option(sctp, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init) && subscribe(sctp) &&
           usrsctp_bind(sctp->socket, (struct sockaddr *)&local, sizeof local) == 0;
}

/* usrsctp_close() with the linger of 0 sends ABORT where there is an
 * association; on_packet is called or, after the number is gone, not. */
static void close_socket(struct sctp *sctp)
{
    if (!sctp->socket)
        return;
    usrsctp_close(sctp->socket);
    usrsctp_deregister_address(sctp->address);
    sctp->socket = NULL;
    list_remove(&sctp->link);
}

struct sctp *sctp_new(const struct sctp_config *config, const struct sctp_handlers *handlers,
                      void *arg)
{
    start_library();
    struct sctp *sctp = xcalloc(1, sizeof *sctp);
    sctp->config = *config;
    sctp->handlers = *handlers;
    sctp->arg = arg;
    sctp->is_reading = true;
    sctp_account_init(&sctp->account, 2 * config->send_high);
    sctp->address = (void *)usrsctp_process.next_address++; // NOLINT: a number
    sctp->message = xcalloc(config->message_max + NOTIFICATION_MAX, 1);
    sctp->outgoing = xcalloc(config->message_max, 1);
    list_append(&usrsctp_process.associations, &sctp->link);
    usrsctp_register_address(sctp->address);
    /* Only a lack of memory fails here, as in xcalloc(). */
    if (!open_socket(sctp))
        abort();
    return sctp;
}

void sctp_free(struct sctp *sctp)
{
    if (!sctp)
        return;
    list_remove(&sctp->link); /* so that the ABORT goes nowhere */
    close_socket(sctp);
    free(sctp->message);
    free(sctp->outgoing);
    sctp_account_deinit(&sctp->account);
    free(sctp);
}

/* ---- what comes out of the socket ---- */

static void close_with(struct sctp *sctp, const char *text)
{
    if (sctp->state == STATE_CLOSED)
        return;
    sctp->state = STATE_CLOSED;
    sctp->handlers.on_closed(text, sctp->arg);
}

static void on_association_change(struct sctp *sctp, uint16_t change)
{
    switch (change) {
    case SCTP_COMM_UP:
        if (sctp->state == STATE_CONNECTING) {
            sctp->state = STATE_CONNECTED;
            sctp->handlers.on_connected(sctp->arg);
        }
        break;
    case SCTP_RESTART:
        /* Our only association is with this DTLS session; a new one on top of
         * it has lost what the old one carried. */
        close_with(sctp, "the other side restarted its SCTP association");
        break;
    case SCTP_SHUTDOWN_COMP:
        close_with(sctp, "the other side closed the connection");
        break;
    case SCTP_COMM_LOST:
    case SCTP_CANT_STR_ASSOC:
        close_with(sctp, sctp->has_abort ? "the other side closed the connection (SCTP abort)"
                                         : "SCTP got no answer from the other side");
        break;
    default:
        break;
    }
}

static void on_reset_event(struct sctp *sctp, const uint8_t *data, size_t len)
{
    struct sctp_stream_reset_event event;
    if (len < sizeof event)
        return;
    memcpy(&event, data, sizeof event);
    if (!(event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) ||
        (event.strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)))
        return;
    for (size_t at = sizeof event; at + sizeof(uint16_t) <= len; at += sizeof(uint16_t)) {
        uint16_t stream_id;
        memcpy(&stream_id, data + at, sizeof stream_id);
        if (sctp->state == STATE_CONNECTED)
            sctp->handlers.on_stream_reset(stream_id, sctp->arg);
    }
}

static void on_notification(struct sctp *sctp, const uint8_t *data, size_t len)
{
    struct sctp_assoc_change change;
    uint16_t type;
    if (len < sizeof type)
        return;
    memcpy(&type, data, sizeof type);
    if (type == SCTP_STREAM_RESET_EVENT) {
        on_reset_event(sctp, data, len);
    } else if (type == SCTP_ASSOC_CHANGE && len >= sizeof change) {
        memcpy(&change, data, sizeof change);
        on_association_change(sctp, change.sac_state);
    }
}

static void on_data(struct sctp *sctp, size_t len, const struct sctp_rcvinfo *info, bool is_whole)
{
    sctp->message_len += len;
    if (sctp->message_len > sctp->config.message_max) {
        close_with(sctp, "the other side sent a message over the size that the SDP allows");
        return;
    }
    if (!is_whole)
        return;
    struct span message = span_of(sctp->message, sctp->message_len);
    sctp->message_len = 0;
    if (sctp->state == STATE_CONNECTED)
        sctp->handlers.on_message(info->rcv_sid, ntohl(info->rcv_ppid), message, sctp->arg);
}

/* One read: a notification, or a message or a part of one (usrsctp delivers a
 * large one in parts when its buffer runs short). False when empty. */
static bool read_socket(struct sctp *sctp)
{
    struct sctp_rcvinfo info = {0};
    socklen_t info_len = sizeof info;
    unsigned int info_type = 0;
    struct sockaddr_conn from;
    socklen_t from_len = sizeof from;
    int flags = 0;
    uint8_t *at = sctp->message + sctp->message_len;
    size_t room = sctp->config.message_max + NOTIFICATION_MAX - sctp->message_len;
    ssize_t len = usrsctp_recvv(sctp->socket, at, room, (struct sockaddr *)&from, &from_len, &info,
                                &info_len, &info_type, &flags);
    if (len < 0 && (errno == EWOULDBLOCK || errno == EINTR || errno == ENOTCONN))
        return false;
    if (len <= 0) {
        on_association_change(sctp, SCTP_COMM_LOST);
        return false;
    }
    if (flags & MSG_NOTIFICATION)
        on_notification(sctp, at, (size_t)len);
    else if (info_type == SCTP_RECVV_RCVINFO)
        on_data(sctp, (size_t)len, &info, flags & MSG_EOR);
    return true;
}

/* The end of the association waits behind unread data in the socket: while
 * that is not read, this is how it shows. */
static bool has_association(struct sctp *sctp)
{
    struct sctp_status status = {0};
    socklen_t len = sizeof status;
    return usrsctp_getsockopt(sctp->socket, IPPROTO_SCTP, SCTP_STATUS, &status, &len) == 0;
}

static void after_work(struct sctp *sctp)
{
    sctp->is_due = false;
    while (sctp->state != STATE_CLOSED && sctp->socket && sctp->is_reading && read_socket(sctp))
        ;
    if (sctp->state == STATE_CONNECTED && !sctp->is_reading && !has_association(sctp))
        on_association_change(sctp, SCTP_COMM_LOST);
    if (sctp->state == STATE_CONNECTED && sctp->is_high &&
        sctp->account.queued <= sctp->config.send_low) {
        sctp->is_high = false;
        sctp->handlers.on_writable(sctp->arg);
    }
}

/* ---- entries ---- */

void sctp_connect(struct sctp *sctp, uint64_t now_us)
{
    if (sctp->state != STATE_NEW)
        return;
    tick_library(now_us);
    sctp->active_us = now_us;
    sctp->state = STATE_CONNECTING;
    struct sockaddr_conn remote = make_address(sctp, sctp->config.remote_port);
    if (usrsctp_connect(sctp->socket, (struct sockaddr *)&remote, sizeof remote) < 0 &&
        errno != EINPROGRESS)
        abort(); /* out of memory */
    struct sctp_paddrparams path = {
        .spp_flags = SPP_PMTUD_DISABLE,
        .spp_pathmtu = (uint32_t)(sctp->config.mtu - COMMON_HEADER_LEN),
    };
    memcpy(&path.spp_address, &remote, sizeof remote);
    if (!set_option(sctp, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path))
        abort();
}

void sctp_feed(struct sctp *sctp, struct span packet, uint64_t now_us)
{
    if (sctp->state == STATE_CLOSED || sctp->state == STATE_NEW || packet.len <= COMMON_HEADER_LEN)
        return;
    tick_library(now_us);
    sctp->active_us = now_us;
    sctp->has_abort = packet.data[COMMON_HEADER_LEN] == CHUNK_ABORT;
    sctp_account_on_packet_received(&sctp->account, packet);
    usrsctp_conninput(sctp->address, packet.data, packet.len, 0);
    after_work(sctp);
}

int sctp_send(struct sctp *sctp, uint16_t stream_id, uint32_t ppid, struct span head,
              struct span body, uint64_t now_us)
{
    if (sctp->state != STATE_CONNECTED)
        return -ENOTCONN;
    if (body.len > sctp->config.message_max || head.len > sctp->config.message_max - body.len)
        return -EMSGSIZE;
    if (sctp->account.queued > 2 * sctp->config.send_high)
        return -EAGAIN;
    tick_library(now_us);
    sctp->active_us = now_us;
    size_t len = head.len + body.len;
    if (head.len > 0)
        memcpy(sctp->outgoing, head.data, head.len);
    if (body.len > 0)
        memcpy(sctp->outgoing + head.len, body.data, body.len);
    struct sctp_sndinfo info = {.snd_sid = stream_id, .snd_ppid = htonl(ppid)};
    if (usrsctp_sendv(sctp->socket, sctp->outgoing, len, NULL, 0, &info, sizeof info,
                      SCTP_SENDV_SNDINFO, 0) < 0)
        return errno == EWOULDBLOCK || errno == ENOBUFS ? -EAGAIN : -ENOTCONN;
    sctp_account_on_message(&sctp->account, len);
    if (sctp->account.queued > sctp->config.send_high)
        sctp->is_high = true;
    return 0;
}

size_t sctp_queued(const struct sctp *sctp)
{
    return sctp->account.queued;
}

void sctp_set_reading(struct sctp *sctp, bool reading, uint64_t now_us)
{
    if (reading && !sctp->is_reading)
        sctp->is_due = true;
    sctp->is_reading = reading;
    sctp->active_us = now_us;
}

void sctp_reset_stream(struct sctp *sctp, uint16_t stream_id, uint64_t now_us)
{
    if (sctp->state != STATE_CONNECTED)
        return;
    tick_library(now_us);
    sctp->active_us = now_us;
    union {
        struct sctp_reset_streams request;
        uint8_t room[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)];
    } reset = {.request = {.srs_flags = SCTP_STREAM_RESET_OUTGOING, .srs_number_streams = 1}};
    memcpy(reset.room + sizeof reset.request, &stream_id, sizeof stream_id);
    /* Fails where the other side does not know RFC 6525; nothing to do then. */
    (void)set_option(sctp, IPPROTO_SCTP, SCTP_RESET_STREAMS, &reset, sizeof reset);
}

void sctp_abort(struct sctp *sctp, uint64_t now_us)
{
    tick_library(now_us);
    sctp->state = STATE_CLOSED;
    close_socket(sctp);
}

uint64_t sctp_deadline_us(const struct sctp *sctp)
{
    if (sctp->state != STATE_CONNECTING && sctp->state != STATE_CONNECTED)
        return TIME_NEVER;
    if (sctp->is_due)
        return 0;
    bool is_idle = sctp->state == STATE_CONNECTED && sctp->account.queued == 0 &&
                   usrsctp_process.ticked_us > sctp->active_us + IDLE_AFTER_US;
    return usrsctp_process.ticked_us + (is_idle ? IDLE_TICK_US : TICK_US);
}

void sctp_on_deadline(struct sctp *sctp, uint64_t now_us)
{
    if (sctp->state == STATE_CLOSED || sctp->state == STATE_NEW)
        return;
    tick_library(now_us);
    after_work(sctp);
}
