/*
 * What a link says by way of the signal server where that is sealed: which
 * member of the room its words are for, and whose are taken. Beside the link
 * (tunnel/link.c), above the engine (tunnel/seal.h).
 */
#ifndef TUNNEL_SEALED_TALK_H
#define TUNNEL_SEALED_TALK_H

#include "signal/message.h"
#include "tunnel/seal.h"

/* A room has one place beside ours: one contact at a time. */
struct sealed_talk {
    struct seal *seal; /* borrowed */
    char peer[SIGNAL_PEER_ID_MAX + 1];
    struct seal_contact contact;
};

void sealed_talk_init(struct sealed_talk *talk, struct seal *seal);

/* Somebody else may sit in the other place now: nothing is known of him. peer
 * may be NULL, where the server does not say. */
void sealed_talk_meet(struct sealed_talk *talk, const char *peer);

/* What an offer, an answer or a candidate holds, to be freed; NULL for what is
 * dropped, which is logged. */
char *sealed_talk_open(struct sealed_talk *talk, const struct signal_message *message);

/* The string to send, to be freed; NULL when there is nobody to say it to. */
char *sealed_talk_wrap(struct sealed_talk *talk, enum seal_type type, const char *text);

/* The invite of who was heard last; NULL for none. */
const char *sealed_talk_device(const struct sealed_talk *talk);

#endif
