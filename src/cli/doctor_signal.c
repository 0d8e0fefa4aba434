/*
 * A connection of its own, not one of http/client.h: a network's proxy may be
 * on the way. One head is read, what stands behind it does not matter.
 */
#include "cli/doctor_signal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "http/parse.h"
#include "net/conn.h"
#include "net/tls.h"

enum { HEAD_MAX = 64 << 10 };

#define CONNECT_US (10 * US_PER_S)

struct doctor_signal_probe {
    const struct url *url;
    struct doctor_signal *out;
    struct loop *loop;
    struct tls_client *tls; /* NULL without TLS */
    struct conn *conn;
    struct buf head;
    uint64_t begun_us;
    bool is_over;
    void (*on_done)(void *arg);
    void *arg;
};

static void finish(struct doctor_signal_probe *probe, enum doctor_answer answer, const char *why)
{
    if (probe->is_over)
        return;
    probe->is_over = true;
    probe->out->answer = answer;
    probe->out->us = clock_now_us() - probe->begun_us;
    snprintf(probe->out->why, sizeof probe->out->why, "%s", why);
    loop_defer(probe->loop, probe->on_done, probe->arg);
}

/* RFC 9110 section 5.6.7, of the form that is to be written. */
static void take_date(struct doctor_signal *out, struct http_fields fields)
{
    char text[64];
    struct tm tm = {0};
    const struct http_field *date = http_fields_find(fields, "Date");
    if (!date || date->value.len >= sizeof text)
        return;
    memcpy(text, date->value.data, date->value.len);
    text[date->value.len] = '\0';
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    out->has_clock = end && !*end;
    if (out->has_clock)
        out->ahead_s = (int64_t)time(NULL) - (int64_t)timegm(&tm);
}

static void on_open(void *arg)
{
    struct doctor_signal_probe *probe = arg;
    const char *path = probe->url->path;
    size_t len = strcspn(path, "?");
    while (len > 0 && path[len - 1] == '/')
        len--;
    char *request = xasprintf("GET %.*s/healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                              (int)len, path, probe->url->authority);
    conn_write(probe->conn, span_from_string(request));
    free(request);
}

static void on_data(struct span bytes, void *arg)
{
    struct doctor_signal_probe *probe = arg;
    struct http_response response;
    struct http_field fields[HTTP_FIELDS_MAX];
    char why[64];
    ssize_t len = probe->is_over || buf_append(&probe->head, bytes) < 0
                      ? -1
                      : http_parse_response(buf_bytes(&probe->head), &response, fields);
    if (len < 0) {
        finish(probe, DOCTOR_BAD, "what answers speaks no HTTP");
        return;
    }
    if (len == 0)
        return;
    take_date(probe->out, response.fields);
    snprintf(why, sizeof why, "/healthz answers %d", response.status);
    finish(probe, response.status == 200 ? DOCTOR_FINE : DOCTOR_BAD, why);
}

static void on_end(void *arg)
{
    finish(arg, DOCTOR_BAD, "it ends the connection without an answer");
}

static void on_close(int error, const char *text, void *arg)
{
    (void)error;
    finish(arg, DOCTOR_SILENT, text);
}

struct doctor_signal_probe *doctor_signal_new(struct loop *loop, const struct url *url,
                                              const struct egress *egress,
                                              struct doctor_signal *out, void (*on_done)(void *arg),
                                              void *arg)
{
    static const struct conn_handlers handlers = {.on_open = on_open,
                                                  .on_data = on_data,
                                                  .on_end = on_end,
                                                  .on_close = on_close};
    struct doctor_signal_probe *probe = xcalloc(1, sizeof *probe);
    probe->loop = loop;
    probe->url = url;
    probe->out = out;
    probe->on_done = on_done;
    probe->arg = arg;
    probe->begun_us = clock_now_us();
    buf_init(&probe->head, HEAD_MAX);
    if (url->is_tls)
        tls_client_new(NULL, false, &probe->tls); /* the system's store is always there */
    bool leads_out = egress_leads_to(egress, url->host, url->port);
    const struct conn_target target = {.host = url->host, .port = url->port, .tls = probe->tls};
    out->is_tls = url->is_tls;
    out->by = leads_out ? egress->name : NULL;
    out->answer = DOCTOR_SILENT;
    snprintf(out->why, sizeof out->why, "nothing comes");
    probe->conn = conn_connect_through(loop, leads_out ? egress : NULL, &target, CONNECT_US,
                                       &handlers, probe);
    return probe;
}

void doctor_signal_free(struct doctor_signal_probe *probe)
{
    if (!probe)
        return;
    conn_reset(probe->conn);
    tls_client_free(probe->tls);
    buf_deinit(&probe->head);
    free(probe);
}
