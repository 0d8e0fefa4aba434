/*
 * What a link says by way of the signal server: where that is sealed, which
 * member of the room its words are for, and whose are taken; else all goes as
 * it is. Beside the keeper (tunnel/keeper.c), above the engine (tunnel/seal.h).
 */
#ifndef TUNNEL_SEALED_TALK_H
#define TUNNEL_SEALED_TALK_H

#include "signal/client.h"
#include "tunnel/seal.h"

/* A room has one place beside ours: one contact at a time. */
struct sealed_talk {
    struct seal *seal; /* borrowed; NULL: nothing is sealed */
    char peer[SIGNAL_PEER_ID_MAX + 1];
    struct seal_contact contact;
    enum seal_verdict told;            /* why the last was dropped, as the log has it */
    char told_of[SEAL_SENDER_LEN + 1]; /* and who has sealed it */
};

void sealed_talk_init(struct sealed_talk *talk, struct seal *seal);

/* Somebody else may sit in the other place now: nothing is known of him. peer
 * may be NULL, where the server does not say. */
void sealed_talk_meet(struct sealed_talk *talk, const char *peer);

/* An offer, an answer or a candidate, with what was in it; false for what is
 * dropped, which is logged, but no more of the same. said borrows from message,
 * and is to be forgotten. */
bool sealed_talk_hear(struct sealed_talk *talk, const struct signal_message *message,
                      struct signal_message *said);
void sealed_talk_forget(const struct sealed_talk *talk, struct signal_message *said);

/* Says it to the member of the room; to nobody without a client. */
void sealed_talk_say(struct sealed_talk *talk, struct signal_client *client, enum seal_type type,
                     const char *text);

/* The invite of who was heard last; NULL for none. */
const char *sealed_talk_device(const struct sealed_talk *talk);

#endif
