/*
 * The STUN and TURN servers that a signal server names to its peers, with
 * credentials that a TURN server takes which shares a secret with it: the
 * scheme of draft-uberti-behave-turn-rest, coturn's use-auth-secret.
 */
#ifndef SIGNAL_ICE_CREDENTIALS_H
#define SIGNAL_ICE_CREDENTIALS_H

#include <stdint.h>

#include "signal/message.h"

enum { ICE_CREDENTIALS_LIFETIME_S = 24 * 60 * 60 };

struct ice_credentials {
    const char *urls[SIGNAL_ICE_SERVERS_MAX]; /* stun:…, turn:… or turns:… */
    size_t url_count;
    char *secret; /* of the TURN servers; NULL for none */
    uint64_t lifetime_s;
};

/* Fills in the servers as peer_id is to see them from now_s (seconds since
 * 1970) on; strings that were made are freed by ice_credentials_clear(). The
 * URLs stay the config's. */
void ice_credentials_make(const struct ice_credentials *config, const char *peer_id, int64_t now_s,
                          struct signal_message *joined);
void ice_credentials_clear(struct signal_message *joined);

#endif
