/*
 * Sealed signalling (docs/PROTOCOL.md): descriptions and candidates that the
 * signal server cannot read, alter, replay, reflect or mix. An engine, of one
 * process: strings in, strings out; no clock, no socket.
 *
 * A provider admits as many invites as it has, a consumer that of its link.
 * Whom a process hears in the room is a contact: the owner keeps one for each
 * member, zeroed at first, and zeroes it when the member is a new one.
 *
 *   consumer                       signal server                     provider
 *   seal_wrap(offer)      ──── "x1.…" ──────────────────────► seal_open(offer)
 *   seal_open(answer)    ◄──── "x1.…" ──────────────────────  seal_wrap(answer)
 *
 * The first is the consumer's, always: an answer says which offer it is about,
 * so nothing that was said to anybody else, or before, can pass for it. A
 * question and its report are as an offer and its answer.
 */
#ifndef TUNNEL_SEAL_H
#define TUNNEL_SEAL_H

#include "rtc/cert.h"
#include "tunnel/seal_key.h"
#include "tunnel/seal_message.h"

struct seal;

/* What a sealed string is that stands where a candidate does. */
enum seal_type seal_type_of_candidate(const char *sealed);

/* The characters that a sealed string begins with: the mark, the invite's key
 * id and the process that has sealed it, or says so. */
enum { SEAL_SENDER_LEN = 3 + (SEAL_KEY_ID_LEN + SEAL_SALT_LEN) * 4 / 3 };

/* Why a string is dropped. */
enum seal_verdict {
    SEAL_GOOD,
    SEAL_PLAIN,     /* not sealed at all */
    SEAL_MALFORMED, /* no such form, before or behind the seal */
    SEAL_REFLECTED, /* our own */
    SEAL_EXPIRED,   /* an offer or a question with an invite that has expired: only a report can
                       be sealed for the contact, which knows its sender */
    SEAL_NO_INVITE, /* of an invite that we do not have, or not any more */
    SEAL_FORGED,    /* does not open as what the other side has sealed, as that type */
    SEAL_REPLAYED,  /* not newer than what has come from that process */
    SEAL_MISPLACED, /* for another process, or about another offer than our last */
    SEAL_IMPOSTOR   /* not signed by the provider of the link */
};

/* As in "is forged", to stand behind "it". */
const char *seal_verdict_text(enum seal_verdict verdict);

/* One member of the room, as far as it has been heard. */
struct seal_contact {
    bool is_known;
    uint8_t key_id[SEAL_KEY_ID_LEN]; /* of its invite */
    uint8_t salt[SEAL_SALT_LEN];     /* of its process */
    uint64_t its_offer;              /* number of its last offer: an answer is about that */
    uint64_t our_offer;              /* of our last one to it; 0 for none */
    uint8_t fingerprint[CERT_FINGERPRINT_LEN]; /* of a provider: what it has signed */
};

struct seal_config {
    enum seal_side side;
    const struct identity *identity; /* of a provider; outlives the seal. NULL for a consumer */
    const uint8_t *fingerprint;      /* CERT_FINGERPRINT_LEN bytes: our certificate's; copied */
    const uint8_t *salt;             /* for tests; NULL: at random */
};

struct seal *seal_new(const struct seal_config *config);

/* Zeroes all keys. NULL is allowed. */
void seal_free(struct seal *seal);

/* From now on, what is sealed with that secret is opened. The name, at most
 * SEAL_NAME_MAX bytes, must not be in use. */
void seal_admit(struct seal *seal, const char *name, const uint8_t provider_id[PROVIDER_ID_LEN],
                const uint8_t secret[INVITE_SECRET_LEN]);

/* What is sealed with it is answered by SEAL_EXPIRED, until they are forgotten,
 * all of them. */
void seal_admit_expired(struct seal *seal, const uint8_t provider_id[PROVIDER_ID_LEN],
                        const uint8_t secret[INVITE_SECRET_LEN]);
void seal_forget_expired(struct seal *seal);

/* Not any more; nothing is sealed for it either. False when there is none of
 * that name. */
bool seal_revoke(struct seal *seal, const char *name);

/* The name of the invite of a contact; NULL for one that is not known, or
 * whose invite is revoked. */
const char *seal_contact_name(const struct seal *seal, const struct seal_contact *contact);

/* The string for the other side, to be freed. To a contact that is not known
 * only a consumer can speak, and only offers are of use there. NULL when the
 * contact's invite is gone, or the text is far too long. */
char *seal_wrap(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                const char *text);

/* With SEAL_GOOD *text is what was sealed, to be freed, and the contact knows
 * its sender. Else nothing has changed, but by SEAL_EXPIRED. */
enum seal_verdict seal_open(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                            const char *sealed, char **text);

#endif
