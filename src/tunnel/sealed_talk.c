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

struct contact {
    struct list link;
    char peer[SIGNAL_PEER_ID_MAX + 1];
    struct seal_contact seal;
};

static struct contact *contact_at(struct list *link)
{
    return LIST_ENTRY(link, struct contact, link);
}

void sealed_talk_init(struct sealed_talk *talk, struct seal *seal)
{
    *talk = (struct sealed_talk){.seal = seal};
    list_init(&talk->contacts);
}

static void drop(struct sealed_talk *talk, struct contact *contact)
{
    list_remove(&contact->link);
    talk->count--;
    free(contact);
}

void sealed_talk_deinit(struct sealed_talk *talk)
{
    LIST_EACH(link, next, &talk->contacts)
        drop(talk, contact_at(link));
}

static struct contact *find(const struct sealed_talk *talk, const char *peer)
{
    LIST_EACH(link, next, &talk->contacts) {
        if (strcmp(contact_at(link)->peer, peer ? peer : "") == 0)
            return contact_at(link);
    }
    return NULL;
}

static struct contact *find_or_add(struct sealed_talk *talk, const char *peer)
{
    struct contact *contact = find(talk, peer);
    if (contact)
        return contact;
    if (talk->count == SEALED_CONTACTS_MAX)
        drop(talk, contact_at(list_first(&talk->contacts)));
    contact = xcalloc(1, sizeof *contact);
    snprintf(contact->peer, sizeof contact->peer, "%s", peer ? peer : "");
    list_append(&talk->contacts, &contact->link);
    talk->count++;
    return contact;
}

void sealed_talk_meet(struct sealed_talk *talk, const char *peer)
{
    sealed_talk_leave(talk, peer);
    if (talk->seal)
        find_or_add(talk, peer);
}

void sealed_talk_leave(struct sealed_talk *talk, const char *peer)
{
    struct contact *contact = find(talk, peer);
    if (contact)
        drop(talk, contact);
}

enum seal_type sealed_talk_type(const struct sealed_talk *talk,
                                const struct signal_message *message)
{
    if (message->type == SIGNAL_CANDIDATE)
        return talk->seal ? seal_type_of_candidate(message->candidate) : SEAL_CANDIDATE;
    return message->type == SIGNAL_OFFER ? SEAL_OFFER : SEAL_ANSWER;
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
    log_write(is_news ? LOG_INFO : LOG_DEBUG, "tunnel: dropped one %s from member %.8s: it %s%s",
              seal_type_name(sealed_talk_type(talk, message)),
              message->peer_id ? message->peer_id : "?", seal_verdict_text(verdict),
              is_news ? "; more of that is told in debug" : "");
}

bool sealed_talk_hear(struct sealed_talk *talk, const struct signal_message *message,
                      struct signal_message *said, bool *is_expired)
{
    *said = *message;
    if (is_expired)
        *is_expired = false;
    if (!talk->seal)
        return true;
    const struct contact *before = find(talk, message->peer_id);
    struct seal_contact contact = before ? before->seal : (struct seal_contact){0};
    enum seal_type type = sealed_talk_type(talk, message);
    char *text;
    enum seal_verdict verdict = seal_open(talk->seal, &contact, type, *text_of(said), &text);
    if (is_expired && verdict == SEAL_EXPIRED) {
        *is_expired = true;
        find_or_add(talk, message->peer_id)->seal = contact;
    }
    if (verdict != SEAL_GOOD) {
        tell_dropped(talk, message, *text_of(said), verdict);
        return false;
    }
    talk->told = SEAL_GOOD;
    find_or_add(talk, message->peer_id)->seal = contact;
    *text_of(said) = text;
    return true;
}

void sealed_talk_forget(const struct sealed_talk *talk, struct signal_message *said)
{
    if (talk->seal)
        free_secret_string(*text_of(said));
}

char *sealed_talk_wrap(struct sealed_talk *talk, const char *peer, enum seal_type type,
                       const char *text)
{
    if (!talk->seal)
        return xstrdup(text);
    return seal_wrap(talk->seal, &find_or_add(talk, peer)->seal, type, text);
}

const char *sealed_talk_device(const struct sealed_talk *talk, const char *peer)
{
    const struct contact *contact = talk->seal ? find(talk, peer) : NULL;
    return contact ? seal_contact_name(talk->seal, &contact->seal) : NULL;
}
