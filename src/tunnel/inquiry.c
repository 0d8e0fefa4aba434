/*
 * Each other member is asked when it is seen: one that was there, or one that
 * comes. It makes no offer, so nobody's session, nor place for one, is touched.
 */
#include "tunnel/inquiry.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/uuid.h"
#include "signal/client.h"
#include "tunnel/sealed_talk.h"

struct inquiry {
    struct signal_client *client;
    struct cert *cert; /* of who asks, as of every process that seals; NULL without link */
    struct seal *seal;
    struct sealed_talk talk;
    const struct inquiry_handlers *handlers;
    void *arg;
    size_t asked;
    bool is_done;
};

static void finish(struct inquiry *inquiry)
{
    if (inquiry->is_done)
        return;
    inquiry->is_done = true;
    inquiry->handlers->on_done(inquiry->arg);
}

/* One that cannot be the provider has an empty id. */
static void ask(struct inquiry *inquiry, const char *peer)
{
    if (inquiry->is_done || !inquiry->seal || !*peer)
        return;
    inquiry->asked++;
    inquiry->handlers->on_other(inquiry->arg);
    sealed_talk_meet(&inquiry->talk, peer);
    char *wire = sealed_talk_wrap(&inquiry->talk, peer, SEAL_QUESTION, "");
    signal_client_send_candidate(inquiry->client, peer, wire);
    free(wire);
}

static void on_joined(struct inquiry *inquiry, const struct signal_message *message)
{
    inquiry->handlers->on_relay(message->relay_rate, inquiry->arg);
    for (size_t i = 0; i < message->ice_server_count; i++)
        inquiry->handlers->on_server(&message->ice_servers[i], inquiry->arg);
    for (size_t i = 0; i < message->peer_count; i++)
        ask(inquiry, message->peers[i]);
    if (inquiry->asked == 0)
        finish(inquiry);
}

static void on_said(struct inquiry *inquiry, const struct signal_message *message)
{
    struct signal_message said;
    struct report report;
    if (inquiry->is_done || !inquiry->seal ||
        sealed_talk_type(&inquiry->talk, message) != SEAL_REPORT ||
        !sealed_talk_hear(&inquiry->talk, message, &said, NULL))
        return;
    bool is_good = report_decode(said.candidate, &report) == 0;
    sealed_talk_forget(&inquiry->talk, &said);
    if (!is_good)
        return;
    inquiry->handlers->on_report(&report, inquiry->arg);
    finish(inquiry);
}

static void on_message(const struct signal_message *message, void *arg)
{
    struct inquiry *inquiry = arg;
    switch (message->type) {
    case SIGNAL_JOINED:
        on_joined(inquiry, message);
        break;
    case SIGNAL_PEER_JOINED:
        ask(inquiry, message->peer_id);
        break;
    case SIGNAL_CANDIDATE:
        on_said(inquiry, message);
        break;
    case SIGNAL_ERROR:
        finish(inquiry);
        break;
    default:
        break; /* nothing of which we have to do with */
    }
}

static void on_close(const char *text, void *arg)
{
    (void)text; /* who asks looks at the server itself, too */
    finish(arg);
}

static void seal_for(struct inquiry *inquiry, const struct link *link)
{
    inquiry->cert = cert_new();
    const struct seal_config config = {.side = SEAL_CONSUMER,
                                       .fingerprint = cert_fingerprint(inquiry->cert)};
    inquiry->seal = seal_new(&config);
    seal_admit(inquiry->seal, "link", link->provider_id, link->secret);
}

struct inquiry *inquiry_new(struct loop *loop, const struct signal_way *way,
                            const struct link *link, const struct inquiry_handlers *handlers,
                            void *arg)
{
    static const struct signal_client_handlers client_handlers = {.on_message = on_message,
                                                                  .on_close = on_close};
    struct inquiry *inquiry = xcalloc(1, sizeof *inquiry);
    char random[UUID_TEXT_LEN + 1];
    char sealed[SEAL_ROOM_LEN + 1];
    inquiry->handlers = handlers;
    inquiry->arg = arg;
    uuid_make(random);
    if (link)
        seal_for(inquiry, link);
    sealed_talk_init(&inquiry->talk, inquiry->seal);
    inquiry->client =
        signal_client_new(loop, way, link ? seal_room(link->provider_id, sealed) : random,
                          &client_handlers, inquiry);
    signal_client_set_relay(inquiry->client, true); /* else a server does not say it has one */
    if (link)
        signal_client_set_job(inquiry->client, SIGNAL_JOB_CONSUMER);
    return inquiry;
}

void inquiry_free(struct inquiry *inquiry)
{
    if (!inquiry)
        return;
    signal_client_close(inquiry->client);
    sealed_talk_deinit(&inquiry->talk);
    seal_free(inquiry->seal);
    cert_free(inquiry->cert);
    free(inquiry);
}
