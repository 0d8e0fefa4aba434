/*
 * A provider with two invites and their consumers, who say things to each other
 * that a test carries, or does something else with.
 */
#ifndef TESTS_TUNNEL_SEAL_RIG_H
#define TESTS_TUNNEL_SEAL_RIG_H

#include "testing.h"

#include "tunnel/seal.h"

#define CANDIDATE "{\"candidate\":\"candidate:1 1 UDP 1 192.0.2.1 9 typ host\"}"

struct rig {
    struct identity identity;
    struct seal *provider;
    struct seal *phone; /* consumers, by the names of their invites */
    struct seal *laptop;
    uint8_t phone_secret[INVITE_SECRET_LEN];
    uint8_t laptop_secret[INVITE_SECRET_LEN];
    struct seal_contact to_provider; /* the phone's */
    struct seal_contact to_phone;    /* the provider's */
};

int seal_rig_setup(void **state);
int seal_rig_teardown(void **state);

/* A description of the process whose certificate's fingerprint has only that
 * byte. */
char *describe(uint8_t byte);

/* The seal of a process with that fingerprint; of a consumer with an invite. */
struct seal *new_seal(enum seal_side side, const struct identity *identity, uint8_t byte);
struct seal *new_consumer(const struct rig *r, const uint8_t secret[INVITE_SECRET_LEN]);

/* Its description as it is on the wire; NULL for whom there is no invite. */
char *wrap_sdp(struct seal *seal, struct seal_contact *contact, enum seal_type type, uint8_t byte);

enum seal_verdict try_open(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                           const char *sealed);

/* Opens, and nothing else is good enough. */
void must_open(struct seal *seal, struct seal_contact *contact, enum seal_type type,
               const char *sealed);

/* Drops for that reason, and nothing of the contact has changed. */
void must_drop(struct seal *seal, struct seal_contact *contact, enum seal_type type,
               const char *sealed, enum seal_verdict expected);

/* The phone offers and the provider answers. What was on the wire is the
 * caller's. */
void meet(struct rig *r, char **offer, char **answer);
void meet_and_forget(struct rig *r);

#endif
