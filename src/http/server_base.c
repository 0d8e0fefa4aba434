/*
 * What each connection needs of its server: a deadline, a place in the count,
 * the date. Each kind of timeout lasts equally long for all connections, so a
 * queue in the order of arrival is in the order of the deadlines, and the first
 * of each is all that the server has to look at.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "http/server_internal.h"

enum {
    /* So many connections may have held a lot, which is given back when three
     * in four of them are gone. */
    CROWD_LEAST = 256
};

void server_schedule(struct http_connection *c, enum server_timeout timeout)
{
    struct timeout_queue *queue = &c->server->timeouts[timeout];
    list_remove(&c->timeout_link);
    if (queue->after_us == 0)
        return;
    c->deadline_us = loop_now_us(c->server->loop) + queue->after_us;
    list_append(&queue->connections, &c->timeout_link);
}

void server_unschedule(struct http_connection *c)
{
    list_remove(&c->timeout_link);
}

void server_count_connection(struct http_server *server)
{
    server->connection_count++;
    if (server->connection_count > server->crowd)
        server->crowd = server->connection_count;
}

static void give_back(void *arg)
{
    (void)arg;
    alloc_trim();
}

void server_uncount_connection(struct http_server *server)
{
    server->connection_count--;
    if (server->crowd < CROWD_LEAST || server->connection_count > server->crowd / 4)
        return;
    server->crowd = server->connection_count;
    loop_defer(server->loop, give_back, NULL);
}

const char *server_date(struct http_server *server)
{
    time_t now = time(NULL);
    if (now != server->date_at || server->date[0] == '\0') {
        struct tm tm;
        gmtime_r(&now, &tm);
        /* Day and month are English here: no program of ours sets a locale. */
        strftime(server->date, sizeof server->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        server->date_at = now;
    }
    return server->date;
}
