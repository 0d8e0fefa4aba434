/*
 * What is said by way of the signal server: where that is sealed, whose words
 * are taken, and what they were; else all goes as it is. Beside the keeper
 * (tunnel/keeper.c), above the engine (tunnel/seal.h).
 */
#ifndef TUNNEL_SEALED_TALK_H
#define TUNNEL_SEALED_TALK_H

#include "base/list.h"
#include "signal/message.h"
#include "tunnel/seal.h"

/* Members that are remembered. A server that invents more makes us forget some,
 * whose words are of no use then, until they offer anew. */
enum { SEALED_CONTACTS_MAX = 128 };

struct sealed_talk {
    struct seal *seal;    /* borrowed; NULL: nothing is sealed */
    struct list contacts; /* one for each member, the last that was met last */
    size_t count;
    enum seal_verdict told;            /* why the last was dropped, as the log has it */
    char told_of[SEAL_SENDER_LEN + 1]; /* and who has sealed it */
};

void sealed_talk_init(struct sealed_talk *talk, struct seal *seal);
void sealed_talk_deinit(struct sealed_talk *talk);

/* A member of the room by its id, here and below; NULL where the server does
 * not say. Nothing is known of it (any more). */
void sealed_talk_meet(struct sealed_talk *talk, const char *peer);

/* It is not there any more. */
void sealed_talk_leave(struct sealed_talk *talk, const char *peer);

/* What an offer, an answer or a candidate carries. */
enum seal_type sealed_talk_type(const struct sealed_talk *talk,
                                const struct signal_message *message);

/* An offer, an answer or a candidate, with what was in it; false for what is
 * dropped, which is logged, but no more of the same. said borrows from message,
 * and is to be forgotten. *is_expired: it is dropped since the invite has
 * expired, of which its sender can be told by a report. May be NULL. */
bool sealed_talk_hear(struct sealed_talk *talk, const struct signal_message *message,
                      struct signal_message *said, bool *is_expired);
void sealed_talk_forget(const struct sealed_talk *talk, struct signal_message *said);

/* What is said to that member, to be freed; NULL where there is nobody whom it
 * could be for. */
char *sealed_talk_wrap(struct sealed_talk *talk, const char *peer, enum seal_type type,
                       const char *text);

/* The invite of a member, as far as it has been heard; NULL for none. */
const char *sealed_talk_device(const struct sealed_talk *talk, const char *peer);

#endif
