#include "tunnel/server_talk.h"

#include <stdlib.h>

#include "base/log.h"

static void send_wire(struct signal_client *client, const char *peer, enum seal_type type,
                      const char *wire)
{
    static void (*const send[])(struct signal_client *, const char *, const char *) = {
        [SEAL_OFFER] = signal_client_send_offer,
        [SEAL_ANSWER] = signal_client_send_answer,
        [SEAL_CANDIDATE] = signal_client_send_candidate,
        [SEAL_QUESTION] = signal_client_send_candidate,
        [SEAL_REPORT] = signal_client_send_candidate,
    };
    send[type](client, peer, wire);
}

static void say_again(const char *peer, enum seal_type type, const char *wire, void *arg)
{
    const struct server_talk *talk = arg;
    struct signal_client *client = talk->client_for(peer, talk->arg);
    if (type == SEAL_OFFER)
        log_debug("keeper: an offer that nobody has answered is said again");
    if (client)
        send_wire(client, peer, type, wire);
}

static uint64_t due_us(void *arg)
{
    return repeats_due_us(&((const struct server_talk *)arg)->repeats);
}

static void on_due(void *arg)
{
    struct server_talk *talk = arg;
    repeats_run(&talk->repeats, clock_now_us(), say_again, talk);
}

void server_talk_init(struct server_talk *talk, struct loop *loop, struct sealed_talk *sealed,
                      struct signal_client *(*client_for)(const char *peer, void *arg), void *arg)
{
    *talk = (struct server_talk){.sealed = sealed, .client_for = client_for, .arg = arg};
    repeats_init(&talk->repeats);
    talk->deadline = deadline_new_touched(loop, due_us, on_due, talk);
}

void server_talk_deinit(struct server_talk *talk)
{
    deadline_free(talk->deadline);
    repeats_deinit(&talk->repeats);
}

bool server_talk_say(struct server_talk *talk, const char *peer, enum seal_type type,
                     const char *text)
{
    struct signal_client *client = talk->client_for(peer, talk->arg);
    if (!client)
        return false;
    char *wire = sealed_talk_wrap(talk->sealed, peer, type, text);
    if (wire)
        send_wire(client, peer, type, wire);
    else
        log_debug("keeper: one %s is for nobody who is here", seal_type_name(type));
    if (wire && talk->sealed->seal)
        repeats_add(&talk->repeats, peer, type, wire, clock_now_us());
    deadline_touch(talk->deadline);
    free(wire);
    return true;
}

void server_talk_on_heard(struct server_talk *talk, const char *peer)
{
    repeats_forget(&talk->repeats, peer);
}

void server_talk_end(struct server_talk *talk)
{
    repeats_clear(&talk->repeats);
}
