/*
 * The key schedule of sealed signalling (docs/PROTOCOL.md): what is derived
 * from a provider id and an invite's secret.
 */
#ifndef TUNNEL_SEAL_KEY_H
#define TUNNEL_SEAL_KEY_H

#include "tunnel/crypto.h"
#include "tunnel/identity.h"

enum {
    INVITE_SECRET_LEN = 16,
    SEAL_KEY_ID_LEN = 8,
    SEAL_SALT_LEN = PROCESS_SALT_LEN, /* random, of each process */
    SEAL_ROOM_LEN = 32,               /* characters */
    SEAL_SWARM_LEN = 20,              /* of a tracker: an info_hash */
    SEAL_NAME_MAX = 64                /* of an invite */
};

/* Who sends. */
enum seal_side { SEAL_PROVIDER, SEAL_CONSUMER };

/* Of one invite; secret, but for the id. */
struct seal_key {
    uint8_t provider_id[PROVIDER_ID_LEN];
    uint8_t id[SEAL_KEY_ID_LEN];
    uint8_t from[2][CRYPTO_KEY_LEN]; /* by enum seal_side */
};

void seal_key_init(struct seal_key *key, const uint8_t provider_id[PROVIDER_ID_LEN],
                   const uint8_t secret[INVITE_SECRET_LEN]);

/* The key under which one process of that side seals; to be zeroed. */
void seal_key_of_process(const struct seal_key *key, enum seal_side side,
                         const uint8_t salt[SEAL_SALT_LEN], uint8_t out[CRYPTO_KEY_LEN]);

/* The room of a provider, which says nothing of it to who has no link. Returns
 * out. */
char *seal_room(const uint8_t provider_id[PROVIDER_ID_LEN], char out[SEAL_ROOM_LEN + 1]);

/* Where the room is met in one network: what is told to all there, and the name
 * under which who has answered is joined. Neither tells the room, nor the first
 * the second. */
struct seal_near {
    char hash[SEAL_ROOM_LEN + 1];
    char room[SEAL_ROOM_LEN + 1];
};
void seal_near(const char *room, struct seal_near *out);

/* What stands for the room where all the world may ask: it does not tell it. */
void seal_swarm(const char *room, uint8_t out[SEAL_SWARM_LEN]);

#endif
