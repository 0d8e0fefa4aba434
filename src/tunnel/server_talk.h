/*
 * What a venue says to the members of a signal server's room: sealed, where it
 * is, and again, where nobody has answered an offer (tunnel/repeat.h). Embedded
 * in the venue.
 */
#ifndef TUNNEL_SERVER_TALK_H
#define TUNNEL_SERVER_TALK_H

#include "net/deadline.h"
#include "signal/client.h"
#include "tunnel/repeat.h"
#include "tunnel/sealed_talk.h"

struct server_talk {
    struct sealed_talk *sealed;
    struct signal_client *(*client_for)(const char *peer, void *arg);
    void *arg;
    struct repeats repeats;
    struct deadline *deadline; /* theirs */
};

/* client_for: who speaks to that member, or NULL. */
void server_talk_init(struct server_talk *talk, struct loop *loop, struct sealed_talk *sealed,
                      struct signal_client *(*client_for)(const char *peer, void *arg), void *arg);
void server_talk_deinit(struct server_talk *talk);

/* In plain words. False: nobody speaks to that member. */
bool server_talk_say(struct server_talk *talk, const char *peer, enum seal_type type,
                     const char *text);

/* It has answered. */
void server_talk_on_heard(struct server_talk *talk, const char *peer);

/* The room is left: nothing is said again. */
void server_talk_end(struct server_talk *talk);

#endif
