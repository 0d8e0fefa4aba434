/*
 * See seal_rig.h.
 */
#include "seal_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { FINGERPRINT_TEXT = 3 * CERT_FINGERPRINT_LEN };

char *describe(uint8_t byte)
{
    char fingerprint[FINGERPRINT_TEXT + 1] = "";
    for (int i = 0; i < CERT_FINGERPRINT_LEN; i++)
        snprintf(fingerprint + 3 * i, 4, "%02X:", byte);
    fingerprint[FINGERPRINT_TEXT - 1] = '\0';
    return xasprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
                     "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
                     "a=ice-ufrag:aB3x\r\na=ice-pwd:0123456789abcdefghijkl\r\n"
                     "a=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=mid:0\r\n",
                     fingerprint);
}

struct seal *new_seal(enum seal_side side, const struct identity *identity, uint8_t byte)
{
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
    memset(fingerprint, byte, sizeof fingerprint);
    return seal_new(&(struct seal_config){side, identity, fingerprint, NULL});
}

struct seal *new_consumer(const struct rig *r, const uint8_t secret[INVITE_SECRET_LEN])
{
    struct seal *seal = new_seal(SEAL_CONSUMER, NULL, 0xc0);
    seal_admit(seal, "link", r->identity.provider_id, secret);
    return seal;
}

int seal_rig_setup(void **state)
{
    struct rig *r = xcalloc(1, sizeof *r);
    identity_init(&r->identity);
    memset(r->phone_secret, 1, sizeof r->phone_secret);
    memset(r->laptop_secret, 2, sizeof r->laptop_secret);
    r->provider = new_seal(SEAL_PROVIDER, &r->identity, 0xaa);
    seal_admit(r->provider, "phone", r->identity.provider_id, r->phone_secret);
    seal_admit(r->provider, "laptop", r->identity.provider_id, r->laptop_secret);
    r->phone = new_consumer(r, r->phone_secret);
    r->laptop = new_consumer(r, r->laptop_secret);
    *state = r;
    return 0;
}

int seal_rig_teardown(void **state)
{
    struct rig *r = *state;
    seal_free(r->provider);
    seal_free(r->phone);
    seal_free(r->laptop);
    identity_deinit(&r->identity);
    free(r);
    return 0;
}

char *wrap_sdp(struct seal *seal, struct seal_contact *contact, enum seal_type type, uint8_t byte)
{
    char *sdp = describe(byte);
    char *sealed = seal_wrap(seal, contact, type, sdp);
    free(sdp);
    return sealed;
}

enum seal_verdict try_open(struct seal *seal, struct seal_contact *contact, enum seal_type type,
                           const char *sealed)
{
    char *text;
    enum seal_verdict verdict = seal_open(seal, contact, type, sealed, &text);
    assert_int_equal(verdict == SEAL_GOOD, text != NULL);
    free(text);
    return verdict;
}

void must_open(struct seal *seal, struct seal_contact *contact, enum seal_type type,
               const char *sealed)
{
    assert_int_equal(try_open(seal, contact, type, sealed), SEAL_GOOD);
}

void must_drop(struct seal *seal, struct seal_contact *contact, enum seal_type type,
               const char *sealed, enum seal_verdict expected)
{
    struct seal_contact before = *contact;
    assert_string_equal(seal_verdict_text(try_open(seal, contact, type, sealed)),
                        seal_verdict_text(expected));
    assert_memory_equal(&before, contact, sizeof before);
}

void meet(struct rig *r, char **offer, char **answer)
{
    *offer = wrap_sdp(r->phone, &r->to_provider, SEAL_OFFER, 0xc0);
    must_open(r->provider, &r->to_phone, SEAL_OFFER, *offer);
    *answer = wrap_sdp(r->provider, &r->to_phone, SEAL_ANSWER, 0xaa);
    must_open(r->phone, &r->to_provider, SEAL_ANSWER, *answer);
}

void meet_and_forget(struct rig *r)
{
    char *offer, *answer;
    meet(r, &offer, &answer);
    free(offer);
    free(answer);
}
