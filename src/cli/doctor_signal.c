/*
 * A handshake as clients make it says most, also of web servers in between; but
 * its answer has no Date. That is asked for beside it, where a server behind a
 * path of another may not be found: then any answer from there has one.
 */
#include "cli/doctor_signal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cli/doctor_head.h"
#include "signal/handshake.h"

enum { REQUEST_MAX = 16 << 10 };

struct doctor_signal_probe {
    struct loop *loop;
    const struct url *url;
    struct doctor_signal *out;
    struct tls_client *tls; /* NULL without TLS */
    struct doctor_head *handshake;
    struct doctor_head *health;
    char key[WEBSOCKET_KEY_LEN + 1];
    uint64_t begun_us;
    int pending;
    void (*on_done)(void *arg);
    void *arg;
};

static void settle(struct doctor_signal_probe *probe)
{
    if (--probe->pending == 0)
        loop_defer(probe->loop, probe->on_done, probe->arg);
}

/* ---- the handshake ---- */

static void finish(struct doctor_signal_probe *probe, enum doctor_answer answer, const char *why)
{
    probe->out->answer = answer;
    probe->out->us = clock_now_us() - probe->begun_us;
    snprintf(probe->out->why, sizeof probe->out->why, "%s", why);
    settle(probe);
}

static void on_handshake(const struct http_response *response, void *arg)
{
    struct doctor_signal_probe *probe = arg;
    if (response->status == 101 && handshake_is_accepted(response, probe->key)) {
        finish(probe, DOCTOR_FINE, "");
        return;
    }
    char *why = handshake_explain(response);
    finish(probe, DOCTOR_BAD, why);
    free(why);
}

static void on_no_handshake(bool has_answered, const char *text, void *arg)
{
    finish(arg, has_answered ? DOCTOR_BAD : DOCTOR_SILENT, text);
}

static void ask_handshake(struct doctor_signal_probe *probe, const struct egress *egress)
{
    static const struct doctor_head_handlers handlers = {on_handshake, on_no_handshake};
    struct buf request;
    buf_init(&request, REQUEST_MAX);
    websocket_make_key(probe->key);
    if (handshake_write_request(&request, probe->url->path, probe->url->authority, probe->key) == 0)
        probe->handshake = doctor_head_new(probe->loop, probe->url, egress, probe->tls,
                                           buf_bytes(&request), &handlers, probe);
    else
        finish(probe, DOCTOR_SILENT, "its path may not stand in a request");
    buf_deinit(&request);
}

/* ---- the time ---- */

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

static void on_health(const struct http_response *response, void *arg)
{
    struct doctor_signal_probe *probe = arg;
    take_date(probe->out, response->fields);
    settle(probe);
}

static void on_no_health(bool has_answered, const char *text, void *arg)
{
    (void)has_answered, (void)text; /* of that the handshake tells */
    settle(arg);
}

static void ask_health(struct doctor_signal_probe *probe, const struct egress *egress)
{
    static const struct doctor_head_handlers handlers = {on_health, on_no_health};
    char *request = xasprintf("HEAD /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                              probe->url->authority);
    probe->health = doctor_head_new(probe->loop, probe->url, egress, probe->tls,
                                    span_from_string(request), &handlers, probe);
    free(request);
}

/* ---- both ---- */

struct doctor_signal_probe *doctor_signal_new(struct loop *loop, const struct url *url,
                                              const struct egress *egress,
                                              struct doctor_signal *out, void (*on_done)(void *arg),
                                              void *arg)
{
    struct doctor_signal_probe *probe = xcalloc(1, sizeof *probe);
    const struct egress *way = egress_leads_to(egress, url->host, url->port) ? egress : NULL;
    probe->loop = loop;
    probe->url = url;
    probe->out = out;
    probe->on_done = on_done;
    probe->arg = arg;
    probe->begun_us = clock_now_us();
    probe->pending = 2;
    if (url->is_tls)
        tls_client_new(NULL, false, &probe->tls); /* the system's store is always there */
    out->is_tls = url->is_tls;
    out->by = way ? way->name : NULL;
    out->answer = DOCTOR_SILENT;
    snprintf(out->why, sizeof out->why, "nothing comes");
    ask_handshake(probe, way);
    ask_health(probe, way);
    return probe;
}

void doctor_signal_free(struct doctor_signal_probe *probe)
{
    if (!probe)
        return;
    doctor_head_free(probe->handshake);
    doctor_head_free(probe->health);
    tls_client_free(probe->tls);
    free(probe);
}
