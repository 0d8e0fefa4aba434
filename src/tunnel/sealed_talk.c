/*
 * Who the server says has spoken decides only which contact is tried; what the
 * contact is worth, the seal decides. So a server that mixes ids up gains
 * nothing but that words are dropped.
 */
#include "tunnel/sealed_talk.h"

#include <stdio.h>

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

char *sealed_talk_open(struct sealed_talk *talk, const struct signal_message *message)
{
    char *text;
    bool is_known = is_in_place(talk, message->peer_id);
    struct seal_contact contact = is_known ? talk->contact : (struct seal_contact){0};
    enum seal_type type = type_of(message);
    const char *sealed = type == SEAL_CANDIDATE ? message->candidate : message->sdp;
    enum seal_verdict verdict = seal_open(talk->seal, &contact, type, sealed, &text);
    if (verdict != SEAL_GOOD) {
        log_info("link: dropped one %s: it %s", seal_type_name(type), seal_verdict_text(verdict));
        return NULL;
    }
    if (!is_known)
        sealed_talk_meet(talk, message->peer_id);
    talk->contact = contact;
    return text;
}

char *sealed_talk_wrap(struct sealed_talk *talk, enum seal_type type, const char *text)
{
    char *sealed = seal_wrap(talk->seal, &talk->contact, type, text);
    if (!sealed)
        log_debug("link: one %s is for nobody who is here", seal_type_name(type));
    return sealed;
}

const char *sealed_talk_device(const struct sealed_talk *talk)
{
    return seal_contact_name(talk->seal, &talk->contact);
}
