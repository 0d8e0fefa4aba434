/*
 * Who the server says has spoken decides only which contact is tried; what the
 * contact is worth, the seal decides. So a server that mixes ids up gains
 * nothing but that words are dropped.
 */
#include "tunnel/sealed_talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

void sealed_talk_init(struct sealed_talk *talk, struct seal *seal)
{
    *talk = (struct sealed_talk){.seal = seal};
}

static bool is_in_place(const struct sealed_talk *talk, const char *peer)
{
    return strcmp(talk->peer, peer ? peer : "") == 0;
}

void sealed_talk_meet(struct sealed_talk *talk, const char *peer)
{
    snprintf(talk->peer, sizeof talk->peer, "%s", peer ? peer : "");
    talk->contact = (struct seal_contact){0};
}

static enum seal_type type_of(const struct signal_message *message)
{
    return message->type == SIGNAL_OFFER    ? SEAL_OFFER
           : message->type == SIGNAL_ANSWER ? SEAL_ANSWER
                                            : SEAL_CANDIDATE;
}

/* Where its text stands. */
static char **text_of(struct signal_message *message)
{
    return message->type == SIGNAL_CANDIDATE ? &message->candidate : &message->sdp;
}

/* Whose link was revoked comes again every few minutes, for as long as it runs,
 * and as another member each time. */
static void tell_dropped(struct sealed_talk *talk, const struct signal_message *message,
                         const char *text, enum seal_verdict verdict)
{
    size_t len = verdict == SEAL_PLAIN ? 0 : SEAL_SENDER_LEN;
    bool is_news = verdict != talk->told || strncmp(talk->told_of, text, len) != 0;
    talk->told = verdict;
    snprintf(talk->told_of, sizeof talk->told_of, "%.*s", (int)len, text);
    log_write(is_news ? LOG_INFO : LOG_DEBUG, "keeper: dropped one %s from member %.8s: it %s%s",
              seal_type_name(type_of(message)), message->peer_id ? message->peer_id : "?",
              seal_verdict_text(verdict), is_news ? "; more of that is told in debug" : "");
}

bool sealed_talk_hear(struct sealed_talk *talk, const struct signal_message *message,
                      struct signal_message *said)
{
    *said = *message;
    if (!talk->seal)
        return true;
    bool is_known = is_in_place(talk, message->peer_id);
    struct seal_contact contact = is_known ? talk->contact : (struct seal_contact){0};
    enum seal_type type = type_of(message);
    char *text;
    enum seal_verdict verdict = seal_open(talk->seal, &contact, type, *text_of(said), &text);
    if (verdict != SEAL_GOOD) {
        tell_dropped(talk, message, *text_of(said), verdict);
        return false;
    }
    talk->told = SEAL_GOOD;
    if (!is_known)
        sealed_talk_meet(talk, message->peer_id);
    talk->contact = contact;
    *text_of(said) = text;
    return true;
}

void sealed_talk_forget(const struct sealed_talk *talk, struct signal_message *said)
{
    if (talk->seal)
        free_secret_string(*text_of(said));
}

void sealed_talk_say(struct sealed_talk *talk, struct signal_client *client, enum seal_type type,
                     const char *text)
{
    static void (*const send[])(struct signal_client * to, const char *what) = {
        [SEAL_OFFER] = signal_client_send_offer,
        [SEAL_ANSWER] = signal_client_send_answer,
        [SEAL_CANDIDATE] = signal_client_send_candidate,
    };
    if (!client)
        return;
    if (!talk->seal) {
        send[type](client, text);
        return;
    }
    char *sealed = seal_wrap(talk->seal, &talk->contact, type, text);
    if (sealed)
        send[type](client, sealed);
    else
        log_debug("keeper: one %s is for nobody who is here", seal_type_name(type));
    free(sealed);
}

const char *sealed_talk_device(const struct sealed_talk *talk)
{
    return talk->seal ? seal_contact_name(talk->seal, &talk->contact) : NULL;
}
