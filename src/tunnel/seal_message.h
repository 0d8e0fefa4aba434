/*
 * What is inside a sealed string (docs/PROTOCOL.md, "Sealed signalling"): one
 * JSON object, padded. jansson stays inside seal_message.c.
 */
#ifndef TUNNEL_SEAL_MESSAGE_H
#define TUNNEL_SEAL_MESSAGE_H

#include "base/span.h"
#include "tunnel/seal_key.h"

/* The last two are about the two ends' networks (docs/PROTOCOL.md, "report"),
 * and no part of a negotiation: messages of candidates carry them. */
enum seal_type { SEAL_OFFER, SEAL_ANSWER, SEAL_CANDIDATE, SEAL_QUESTION, SEAL_REPORT };

/* "offer"; of the first three as the message is called on the wire. */
const char *seal_type_name(enum seal_type type);

enum {
    SEAL_PAD = 512,            /* so that the length says little */
    SEAL_PLAIN_MAX = 40 << 10, /* sealed, it still fits a signalling message */
    SEAL_SEQ_LEN = 8,
    SEAL_RE_LEN = SEAL_SALT_LEN + SEAL_SEQ_LEN
};

struct seal_message {
    char *text; /* the SDP, the candidate, or what is asked or reported */
    bool has_to, has_re, has_identity;
    uint8_t to[SEAL_SALT_LEN]; /* the process it is for */
    uint8_t re[SEAL_RE_LEN];   /* of an answer: the process and the number of its offer */
    uint8_t public_key[CRYPTO_PUBLIC_LEN]; /* of a provider, and below: with a signature */
    uint8_t signature[CRYPTO_SIGNATURE_LEN];
};

/* The padded JSON, to be freed with free_secret() and its length; NULL over
 * SEAL_PLAIN_MAX. */
char *seal_message_encode(const struct seal_message *message, enum seal_type type, size_t *len);

/* 0 with *out; -EPROTONOSUPPORT for another version, -EINVAL for what is no
 * such object. */
int seal_message_decode(struct span json, enum seal_type type, struct seal_message *out);
void seal_message_deinit(struct seal_message *message);

#endif
