/*
 * The sockets form a queue in the order of their next check. All wait equally
 * long, so who is checked goes to the back, and the front is all that has to be
 * looked at. At a check a socket is pinged when it is time, or dropped when at
 * the next check it would have been silent for too long, or when what waits for
 * it has not moved.
 */
#include "base/log.h"
#include "signal/server_internal.h"

enum {
    CHECKS_PER_PING = 3, /* the more, the longer a silent socket may hope */

    /* Checks are put off to a grid of so many moments: those of a crowd wake
     * the loop together, and so do the answers to its pings. */
    MOMENTS_PER_CHECK = 16
};

/* From a check to the next, at most. */
static uint64_t interval_us(const struct signal_server_config *config)
{
    uint64_t check_us = config->ping_us / CHECKS_PER_PING;
    return check_us + check_us / MOMENTS_PER_CHECK;
}

/* Whether it is still there. late_us: for so long this process did not run.
 * What came meanwhile is still unread then: that time is nobody's silence. */
static bool socket_is_well(struct socket *socket, uint64_t now_us, uint64_t late_us)
{
    const struct signal_server_config *config = &socket->server->config;
    uint64_t silent_us = now_us - socket->heard_at_us;
    silent_us -= silent_us < late_us ? silent_us : late_us;
    socket->heard_at_us = now_us - silent_us;
    socket_look_at_outbox(socket, now_us);
    uint64_t stuck_us = outbox_stuck_us(&socket->outbox, now_us);
    stuck_us -= stuck_us < late_us ? stuck_us : late_us;
    socket->outbox.moved_at_us = now_us - stuck_us;
    if (silent_us >= config->silence_us - interval_us(config)) {
        log_info("socket %u: dropped: silent for %llu s", socket->number,
                 (unsigned long long)(silent_us / US_PER_S));
        socket->server->counts.limits[SIGNAL_LIMIT_SILENCE]++;
        socket_close(socket, WEBSOCKET_POLICY, "no answer to pings");
        return false;
    }
    if (stuck_us >= config->stuck_us) {
        log_info("socket %u: dropped: has read nothing for %llu s, and %zu bytes wait for it",
                 socket->number, (unsigned long long)(stuck_us / US_PER_S), socket->outbox.len);
        socket->server->counts.limits[SIGNAL_LIMIT_STUCK]++;
        socket_reset(socket);
        return false;
    }
    return true;
}

/* Puts it last. */
static void queue(struct socket *socket, uint64_t now_us)
{
    struct signal_server *server = socket->server;
    uint64_t moment_us = server->config.ping_us / CHECKS_PER_PING / MOMENTS_PER_CHECK;
    uint64_t latest_us = now_us + interval_us(&server->config);
    socket->check_at_us = moment_us > 0 ? latest_us - latest_us % moment_us : latest_us;
    list_append(&server->sockets, &socket->link);
}

void socket_heartbeat_begin(struct socket *socket, uint64_t now_us)
{
    socket->heard_at_us = now_us;
    socket->ping_at_us = now_us + socket->server->config.ping_us;
    queue(socket, now_us);
}

static void socket_check(struct socket *socket, uint64_t now_us)
{
    struct signal_server *server = socket->server;
    if (!socket_is_well(socket, now_us, now_us - socket->check_at_us))
        return;
    list_remove(&socket->link);
    queue(socket, now_us);
    if (now_us >= socket->ping_at_us) {
        socket->ping_at_us = now_us + server->config.ping_us;
        websocket_ping(socket->ws, (struct span){0});
        socket_look_at_outbox(socket, now_us);
    }
}

uint64_t socket_heartbeat_us(void *arg)
{
    const struct signal_server *server = arg;
    struct list *first = list_first(&server->sockets);
    return first ? socket_of(first)->check_at_us : TIME_NEVER;
}

void socket_on_heartbeat(void *arg)
{
    struct signal_server *server = arg;
    uint64_t now_us = clock_now_us();
    struct list *first;
    while ((first = list_first(&server->sockets)) != NULL) {
        struct socket *socket = socket_of(first);
        if (socket->check_at_us > now_us)
            break;
        socket_check(socket, now_us);
    }
}
