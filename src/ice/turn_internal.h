/*
 * What the files of the TURN client share: turn.c has the allocation,
 * turn_auth.c the long-term credentials, turn_channel.c the channels. The
 * allocation knows of the other two, and they of nobody.
 */
#ifndef ICE_TURN_INTERNAL_H
#define ICE_TURN_INTERNAL_H

#include "ice/transaction.h"
#include "ice/turn.h"

/* Credentials as the server wants them (RFC 8489 section 9.2). */
struct turn_auth {
    char *user;
    char *pass;
    bool is_known; /* realm, nonce and key are set */
    char realm[STUN_STRING_MAX + 1];
    char nonce[STUN_STRING_MAX + 1];
    uint8_t key[STUN_LONG_TERM_KEY_LEN];
};

/* A request under way and whether it carries credentials. */
struct turn_request {
    struct stun_transaction transaction;
    bool has_auth;
    int auth_tries; /* 401 and 438 in a row */
};

struct turn_channel {
    struct ice_address peer;
    uint16_t number; /* 0: the slot is free */
    bool is_bound;
    bool is_wanted;
    struct turn_request request;
    uint64_t refresh_us; /* TIME_NEVER while not bound */
    uint64_t free_us;    /* when the number may go to another peer */
};

struct turn_client {
    enum turn_transport transport;
    enum turn_state state;
    struct ice_address server; /* in use: home, or where that sent us */
    struct ice_address home;   /* the owner's choice */
    struct turn_auth auth;
    struct turn_request request; /* Allocate or Refresh */
    uint64_t refresh_us;         /* 0: at once */
    uint64_t expires_us;         /* the server then frees the allocation */
    bool has_cleared;            /* since the start */
    int redirects;
    uint16_t next_channel;
    struct turn_channel channels[TURN_CHANNELS_MAX];
    struct ice_random *random;
    struct turn_handlers handlers;
    void *arg;
};

enum turn_verdict { TURN_AUTH_RETRY, TURN_AUTH_WRONG, TURN_AUTH_OTHER };

/* Appends USERNAME, REALM, NONCE and MESSAGE-INTEGRITY when known, and the
 * fingerprint. */
void turn_auth_sign(const struct turn_auth *auth, struct stun_writer *w, bool with_auth);

/* What an error response means for the credentials: RETRY with what was
 * learned, WRONG credentials, or OTHER: it is not about them. */
enum turn_verdict turn_auth_on_error(struct turn_auth *auth, struct turn_request *request,
                                     const struct stun_message *m, int code);

/* Whether the answer may be believed: signed, if the request was. Errors that
 * ask for credentials cannot be signed. */
bool turn_auth_check(const struct turn_auth *auth, const struct turn_request *request,
                     const struct stun_message *m);

void turn_channels_on_deadline(struct turn_client *t, uint64_t now_us);
uint64_t turn_channels_deadline(const struct turn_client *t);
/* Takes an answer that may be for one of the channels. False: the server has
 * lost the allocation. */
bool turn_channels_on_answer(struct turn_client *t, const struct stun_message *m, uint64_t now_us);
const struct turn_channel *turn_channels_find_number(const struct turn_client *t, uint16_t number);

#endif
