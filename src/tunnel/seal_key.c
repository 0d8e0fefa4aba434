/*
 *   provider id ──HKDF "room"──► room
 *   secret ──┬──HKDF "id"──────────────► key id
 *            ├──HKDF "from provider"──► D ──HKDF "seal" ‖ salt──► process' key
 *            └──HKDF "from consumer"──► D ──HKDF "seal" ‖ salt──► process' key
 *
 * All below the secret have "httptunnel link 1" ‖ provider id for a salt, so
 * that the same secret of two providers would have nothing in common. A key for
 * each process makes a counter enough for a nonce, with no state on disk.
 */
#include "tunnel/seal_key.h"

#include "base/armor.h"

#define LABEL "httptunnel link 1"

enum { LABEL_LEN = sizeof LABEL - 1 };

static void derive(struct span ikm, const uint8_t provider_id[PROVIDER_ID_LEN], struct span info,
                   uint8_t *out, size_t len)
{
    uint8_t salt[LABEL_LEN + PROVIDER_ID_LEN];
    memcpy(salt, LABEL, LABEL_LEN);
    memcpy(salt + LABEL_LEN, provider_id, PROVIDER_ID_LEN);
    crypto_derive(ikm, span_of(salt, sizeof salt), info, out, len);
}

void seal_key_init(struct seal_key *key, const uint8_t provider_id[PROVIDER_ID_LEN],
                   const uint8_t secret[INVITE_SECRET_LEN])
{
    struct span ikm = span_of(secret, INVITE_SECRET_LEN);
    memcpy(key->provider_id, provider_id, PROVIDER_ID_LEN);
    derive(ikm, provider_id, SPAN_LITERAL("id"), key->id, sizeof key->id);
    derive(ikm, provider_id, SPAN_LITERAL("from provider"), key->from[SEAL_PROVIDER],
           CRYPTO_KEY_LEN);
    derive(ikm, provider_id, SPAN_LITERAL("from consumer"), key->from[SEAL_CONSUMER],
           CRYPTO_KEY_LEN);
}

void seal_key_of_process(const struct seal_key *key, enum seal_side side,
                         const uint8_t salt[SEAL_SALT_LEN], uint8_t out[CRYPTO_KEY_LEN])
{
    uint8_t info[4 + SEAL_SALT_LEN] = {'s', 'e', 'a', 'l'};
    memcpy(info + 4, salt, SEAL_SALT_LEN);
    derive(span_of(key->from[side], CRYPTO_KEY_LEN), key->provider_id, span_of(info, sizeof info),
           out, CRYPTO_KEY_LEN);
}

char *seal_room(const uint8_t provider_id[PROVIDER_ID_LEN], char out[SEAL_ROOM_LEN + 1])
{
    uint8_t room[SEAL_ROOM_LEN / 2];
    crypto_derive(span_of(provider_id, PROVIDER_ID_LEN), SPAN_LITERAL(LABEL), SPAN_LITERAL("room"),
                  room, sizeof room);
    return armor_encode(ARMOR_HEX, span_of(room, sizeof room), out);
}

void seal_swarm(const char *room, uint8_t out[SEAL_SWARM_LEN])
{
    crypto_derive(span_from_string(room), SPAN_LITERAL(LABEL), SPAN_LITERAL("tracker"), out,
                  SEAL_SWARM_LEN);
}

static void derive_name(const char *room, struct span info, char out[SEAL_ROOM_LEN + 1])
{
    uint8_t name[SEAL_ROOM_LEN / 2];
    crypto_derive(span_from_string(room), SPAN_LITERAL(LABEL), info, name, sizeof name);
    armor_encode(ARMOR_HEX, span_of(name, sizeof name), out);
}

void seal_near(const char *room, struct seal_near *out)
{
    derive_name(room, SPAN_LITERAL("near hash"), out->hash);
    derive_name(room, SPAN_LITERAL("near room"), out->room);
}
