/*
 * What a keeper owns, for the files that it is made of: keeper.c makes it and
 * hears its sessions and this machine, keeper_hearing.c hears others at the
 * venue, and both feed keeper_actions.c.
 */
#ifndef TUNNEL_KEEPER_INTERNAL_H
#define TUNNEL_KEEPER_INTERNAL_H

#include "net/address_watch.h"
#include "net/deadline.h"
#include "tunnel/keeper.h"
#include "tunnel/keeper_report.h"
#include "tunnel/rendezvous.h"
#include "tunnel/roster.h"
#include "tunnel/sealed_talk.h"
#include "tunnel/sessions.h"
#include "tunnel/venue.h"

struct keeper {
    struct loop *loop;
    struct keeper_config config;
    struct keeper_handlers handlers;
    void *arg;
    struct rendezvous *rendezvous;
    struct deadline *deadline;
    struct address_watch *addresses;
    struct venue *venue;
    struct sealed_talk talk; /* of a sealed link */
    struct sessions sessions;
    struct roster roster;
    struct keeper_report report;
    struct keeper_counts counts; /* but for what sessions count */
    bool has_new_routes;         /* of relayed datagrams, by what is fed */
};

/* Tells the rendezvous, and does what it decides. What the event points to is
 * read before the return. */
void keeper_feed(struct keeper *keeper, const struct event *event);

/* Of one partner whose path has changed and is settled, if there is one. */
void keeper_tell_path(struct keeper *keeper);

/* With the config and the talk in place; not entered yet. */
void keeper_make_venue(struct keeper *keeper);

#endif
