/*
 * A room where an end of a tunnel meets others, and what that takes: the seal
 * of what is said there, TLS to its signal server, a keeper. A tunnel has one
 * for each link. Embedded in it.
 */
#ifndef TUNNEL_MEETING_H
#define TUNNEL_MEETING_H

#include "tunnel/identity.h"
#include "tunnel/keeper.h"
#include "tunnel/link.h"
#include "tunnel/outage.h"

struct tunnel;

struct meeting {
    struct tunnel *tunnel;         /* the owner, for its handlers */
    const char *room;              /* its name: sealed_room, or that of the config */
    unsigned number;               /* among its meetings */
    struct tls_client *signal_tls; /* NULL for ws */
    struct seal *seal;             /* NULL in a room of version 1 */
    char sealed_room[SEAL_ROOM_LEN + 1];
    struct keeper *keeper; /* NULL before meeting_open() */
    /* As the owner has heard of the keeper. */
    enum keeper_state state;
    struct outage outage;
};

void meeting_init(struct meeting *meeting, struct tunnel *tunnel, unsigned number);

/* What is said there is sealed: of a consumer, or of a provider. cert: whose
 * fingerprint is vouched for. */
void meeting_seal_for_link(struct meeting *meeting, const struct cert *cert,
                           const struct link *link);
void meeting_seal_as(struct meeting *meeting, const struct cert *cert,
                     const struct identity *identity);

/* Goes there. config is without tls and seal; and of its room, where sealed.
 * The meeting is the handlers' arg. */
void meeting_open(struct meeting *meeting, struct loop *loop, const struct keeper_config *config,
                  const struct keeper_handlers *handlers);

/* Says bye and ends all streams; then frees the rest. */
void meeting_close(struct meeting *meeting);
void meeting_deinit(struct meeting *meeting);

#endif
