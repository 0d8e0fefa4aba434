/*
 * What the parts of a crowd have of each other.
 */
#ifndef TESTS_TUNNEL_CROWD_INTERNAL_H
#define TESTS_TUNNEL_CROWD_INTERNAL_H

#include "crowd.h"

bool crowd_chance(struct crowd *c, unsigned percent);
__attribute__((format(printf, 2, 3))) void crowd_say(const struct crowd *c, const char *format,
                                                     ...);
struct crowd_ticket *crowd_schedule(struct crowd *c, enum crowd_ticket_type type, int member,
                                    uint64_t in_us);

/* An event for a member's rendezvous, and all that it then wants. */
void crowd_feed(struct crowd *c, int member, const struct event *event);

/* ---- crowd_half.c ---- */

struct half *crowd_find_half(struct crowd *c, unsigned id); /* NULL: it is gone */
struct half *crowd_other_half(struct crowd *c, const struct half *h);
void crowd_start_half(struct crowd *c, int member, const struct action *a);
void crowd_vanish_half(struct crowd *c, struct half *h, bool says_bye);
void crowd_end_half(struct crowd *c, const struct half *h, const char *words);
void crowd_describe_half(struct crowd *c, const struct half *h);
void crowd_act_on_half(struct crowd *c, int member, const struct action *a);

#endif
