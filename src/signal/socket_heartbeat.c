/*
 * Each socket has a time of its next check, in the server's wheel: when it
 * would be time to ping it, to drop it, or when what waits for it has not moved
 * for too long. That is when it is looked at, and not before: what comes from
 * it meanwhile puts all that off, and costs nothing.
 *
 *   heard ──── ping_us ────► pinged ──── silence_us - ping_us ────► dropped
 */
#include "base/log.h"
#include "net/deadline.h"
#include "signal/server_internal.h"

enum {
    /* Pings are sent at so many moments of the time between two of them, each
     * up to one of these late: those of a crowd wake the loop together, and so
     * do the answers, which come spread over a tenth of a second. */
    MOMENTS_PER_PING = 14,

    /* In a turn: a millisecond of pings. Others have a word in between. */
    TOGETHER_MAX = 256
};

_Static_assert(MOMENTS_PER_PING < WHEEL_SLOTS - 2, "a wheel has the time between two pings");

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
    if (silent_us >= config->silence_us) {
        log_write(socket_log_level(socket), "socket %u: dropped: silent for %llu s", socket->number,
                  (unsigned long long)(silent_us / US_PER_S));
        socket->server->counts.limits[SIGNAL_LIMIT_SILENCE]++;
        socket_close(socket, WEBSOCKET_POLICY, "no answer to pings");
        return false;
    }
    if (stuck_us >= config->stuck_us) {
        log_write(socket_log_level(socket),
                  "socket %u: dropped: has read nothing for %llu s, and %zu bytes wait for it",
                  socket->number, (unsigned long long)(stuck_us / US_PER_S), socket->outbox.len);
        socket->server->counts.limits[SIGNAL_LIMIT_STUCK]++;
        socket_reset(socket);
        return false;
    }
    return true;
}

/* What is farther than the wheel reaches is looked at on the way, and again
 * earlier when something waits for it: socket_look_at_outbox(). */
static void await(struct socket *socket, uint64_t at_us, uint64_t now_us)
{
    struct signal_server *server = socket->server;
    uint64_t latest_us = now_us + server->config.ping_us;
    wheel_put(&server->checks, &socket->check, at_us < latest_us ? at_us : latest_us);
}

void socket_heartbeat_begin(struct socket *socket, uint64_t now_us)
{
    wheel_node_init(&socket->check);
    socket_heard(socket, now_us);
    await(socket, now_us + socket->server->config.ping_us, now_us);
}

void socket_heard(struct socket *socket, uint64_t now_us)
{
    socket->heard_at_us = now_us;
    socket->is_pinged = false;
}

static void socket_check(struct socket *socket, uint64_t now_us)
{
    const struct signal_server_config *config = &socket->server->config;
    if (!socket_is_well(socket, now_us, now_us - socket->check.at_us))
        return;
    uint64_t ping_at_us = socket->heard_at_us + config->ping_us;
    if (now_us < ping_at_us) {
        await(socket, ping_at_us, now_us);
    } else if (socket->is_pinged) {
        await(socket, socket->heard_at_us + config->silence_us, now_us);
    } else {
        socket->is_pinged = true;
        websocket_ping(socket->ws, (struct span){0});
        /* By then there is an answer, and it is time for the next one. */
        await(socket, now_us + config->silence_us - config->ping_us, now_us);
    }
    socket_look_at_outbox(socket, now_us);
}

static uint64_t next_us(void *arg)
{
    const struct signal_server *server = arg;
    return server->checks.next_us;
}

void socket_heartbeat_run(struct signal_server *server, uint64_t now_us)
{
    struct wheel_node *node;
    for (int i = 0; i < TOGETHER_MAX && (node = wheel_take(&server->checks, now_us)) != NULL; i++)
        socket_check(LIST_ENTRY(node, struct socket, check), now_us);
}

static void on_due(void *arg)
{
    socket_heartbeat_run(arg, clock_now_us());
}

void socket_heartbeat_start(struct signal_server *server)
{
    uint64_t moment_us = server->config.ping_us / MOMENTS_PER_PING;
    wheel_init(&server->checks, moment_us > 0 ? moment_us : 1);
    server->heartbeat = deadline_new(server->loop, next_us, on_due, server);
}
