#include "cli/doctor_upstream.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "http/head_probe.h"
#include "net/tls.h"

#define CONNECT_US (10 * US_PER_S)

struct doctor_upstream_probe {
    struct loop *loop;
    struct doctor_upstream *out;
    struct tls_client *tls;
    struct http_head_probe *head;
    uint64_t begun_us;
    void (*on_done)(void *arg);
    void *arg;
};

static void on_status(int status, void *arg)
{
    struct doctor_upstream_probe *probe = arg;
    probe->out->answer = DOCTOR_FINE;
    probe->out->status = status;
    probe->out->us = clock_now_us() - probe->begun_us;
    loop_defer(probe->loop, probe->on_done, probe->arg);
}

static void on_error(enum http_call_error error, const char *text, void *arg)
{
    struct doctor_upstream_probe *probe = arg;
    (void)error;
    snprintf(probe->out->why, sizeof probe->out->why, "%s", text);
    loop_defer(probe->loop, probe->on_done, probe->arg);
}

struct doctor_upstream_probe *doctor_upstream_new(struct loop *loop, const struct config *config,
                                                  struct doctor_upstream *out,
                                                  void (*on_done)(void *arg), void *arg)
{
    static const struct http_head_probe_handlers handlers = {on_status, on_error};
    const struct url *url = &config->upstream;
    struct doctor_upstream_probe *probe = xcalloc(1, sizeof *probe);
    probe->loop = loop;
    probe->out = out;
    probe->on_done = on_done;
    probe->arg = arg;
    probe->begun_us = clock_now_us();
    *out = (struct doctor_upstream){.answer = DOCTOR_SILENT,
                                    .url = config->upstream_text,
                                    .why = "nothing comes"};
    if (url->is_tls)
        tls_client_new(config->upstream_ca, config->upstream_insecure, &probe->tls);
    if (probe->tls) {
        tls_client_set_plain(probe->tls, "http://");
        tls_client_set_trust(probe->tls, "--upstream-ca FILE");
    }
    /* Target and host have been checked: there is one. */
    probe->head = http_head_probe_new(loop, url, probe->tls, CONNECT_US, &handlers, probe);
    return probe;
}

void doctor_upstream_free(struct doctor_upstream_probe *probe)
{
    if (!probe)
        return;
    http_head_probe_free(probe->head);
    tls_client_free(probe->tls);
    free(probe);
}
