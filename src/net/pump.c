/*
 * An end is passed on by conn_close(), so that what is queued gets out, and
 * what takes nothing is dropped after a while.
 */
#include "net/pump.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/nonblock.h"

struct pump;

struct pump_end {
    struct pump *pump;
    struct conn *conn;
    struct pump_end *other;
};

struct pump {
    struct list link;
    struct loop *loop;
    struct pump_end ends[2];
};

static void pump_destroy(void *arg)
{
    free(arg);
}

static void pump_free(struct pump *pump)
{
    list_remove(&pump->link);
    conn_close(pump->ends[0].conn);
    conn_close(pump->ends[1].conn);
    loop_defer(pump->loop, pump_destroy, pump);
}

static void on_data(struct span bytes, void *arg)
{
    struct pump_end *end = arg;
    conn_write(end->other->conn, bytes);
    if (conn_queued(end->other->conn) > CONN_DRAIN_MARK)
        conn_set_reading(end->conn, false);
}

static void on_drain(void *arg)
{
    struct pump_end *end = arg;
    conn_set_reading(end->other->conn, true);
}

static void on_end(void *arg)
{
    struct pump_end *end = arg;
    pump_free(end->pump);
}

static void on_close(int error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    on_end(arg);
}

static void end_init(struct pump *pump, int side, struct conn *conn)
{
    static const struct conn_handlers handlers = {.on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_drain = on_drain,
                                                  .on_close = on_close};
    struct pump_end *end = &pump->ends[side];
    *end = (struct pump_end){.pump = pump, .conn = conn, .other = &pump->ends[!side]};
    conn_set_handlers(conn, &handlers, end);
    conn_set_reading(conn, true);
}

int pump_new(struct loop *loop, struct conn *conn, struct span early, struct list *pumps)
{
    int fds[2];
    int error = nonblock_pair(SOCK_STREAM, fds);
    if (error < 0) {
        conn_reset(conn);
        return error;
    }
    struct pump *pump = xcalloc(1, sizeof *pump);
    pump->loop = loop;
    list_append(pumps, &pump->link);
    end_init(pump, 0, conn);
    end_init(pump, 1, conn_adopt(loop, fds[0]));
    conn_write(pump->ends[1].conn, early);
    return fds[1];
}

void pumps_close(struct list *pumps)
{
    LIST_EACH(link, tmp, pumps)
        pump_free(LIST_ENTRY(link, struct pump, link));
}
