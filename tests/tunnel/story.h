/*
 * Stories of one rendezvous on a clock that the test moves: what happens is
 * fed as events, what it wants done is written down as text and compared.
 *
 * An action that is answered by an event is answered here as well: what is fed
 * is of use, and what drains has streams, unless the test says otherwise.
 */
#ifndef TESTS_TUNNEL_STORY_H
#define TESTS_TUNNEL_STORY_H

#include "testing.h"

#include "base/clock.h"
#include "tunnel/partner.h"
#include "tunnel/rendezvous.h"
#include "tunnel/visit.h"

enum { STORY_MAX = 4096 };

/* Processes at the other end. */
extern const uint8_t process_b[CERT_FINGERPRINT_LEN];
extern const uint8_t process_c[CERT_FINGERPRINT_LEN];
extern const uint8_t process_d[CERT_FINGERPRINT_LEN];

struct scene {
    struct rendezvous *rv;
    uint64_t now_us;
    uint64_t retry_in_us; /* as the last state had it */
    char story[STORY_MAX];
    const char *unusable; /* what is fed next is so, and why */
    bool is_offering;     /* of a session that is fed: it has not given in */
    bool is_idle;         /* what drains has no streams */
    bool cannot_restart;  /* the other side */
};

struct scene scene_new(enum mux_role role, size_t partners_max);

/* With a link: the consumer offers, and is in the room with b. */
struct scene scene_sealed(enum mux_role role);

/* We were first, b came, session 1 is up. */
struct scene scene_up(enum mux_role role);

/* Joined; who was there, or NULL. */
struct scene scene_joined(enum mux_role role, char *peer);

void scene_free(struct scene *s);

/* ---- what happens ---- */

void feed_event(struct scene *s, const struct event *event);
#define FEED(s, ...) feed_event(s, &(struct event){__VA_ARGS__})

/* The deadlines on the way are met. */
void wait_us(struct scene *s, uint64_t us);
uint64_t deadline_in_us(struct scene *s);

/* The room, as it is when we are let in; peer: who is there, or NULL. */
void join(struct scene *s, char *peer, bool is_resumed);

void describe(struct scene *s, enum event_type type, const char *peer, unsigned session,
              const uint8_t *process);

/* It came into the room, and answers our offer. */
void meet(struct scene *s, const char *peer, const uint8_t *process);

void become_ready(struct scene *s, unsigned session);
void lose_signal(struct scene *s);

/* It is back, has forgotten everybody, and lets us in first or second. */
void meet_anew(struct scene *s, char *peer);

/* Of session 1. */
void change_path(struct scene *s, enum peer_path_state path);

/* ---- what comes of it ---- */

/* All that it wanted done since the last time. */
void expect(struct scene *s, const char *story);

/* What has happened so far is told elsewhere. */
void forget(struct scene *s);

#endif
