/*
 * Who of a room is shown to whom, and so can be spoken to. A part of rooms:
 * pure, it looks at members and decides.
 *
 * Who said its job in its join sees all that do the other one. Who did not (a
 * client of version 1, which knows of two in a room and no more) is plain, and
 * sees one counterpart, which sees it: as many plain ones as come find place
 * beside a provider that said so.
 *
 * What job a plain one does, nobody knows at first. Most will be consumers, so
 * a provider is its first choice; who finds that it is of no use for that says
 * so (SIGNAL_MISFIT), and the next plain one that comes, which will be the same
 * again, is given to the other side.
 */
#ifndef SIGNAL_PAIRING_H
#define SIGNAL_PAIRING_H

#include "signal/room.h"

/* Symmetrical. */
bool pairing_shows(const struct room_member *a, const struct room_member *b);

/* The counterpart for a plain member that has none: who suits best, and of
 * those the one with the fewest plain ones. misfit: the job of the last plain
 * one that was given to the wrong side. NULL when nobody suits. */
struct room_member *pairing_choose(const struct list *members, const struct room_member *plain,
                                   enum signal_job misfit);

/* A plain member without a counterpart that could have that one. */
bool pairing_is_free(const struct room_member *plain, const struct room_member *other);

/* Who sits in the place of before now. */
void pairing_replace(const struct list *members, const struct room_member *before,
                     struct room_member *after);

#endif
