/*
 * The vectors of docs/PROTOCOL.md, read out of it. Beside this, WebCrypto makes
 * them anew (seal_vectors.mjs).
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "tunnel/link.h"
#include "tunnel/seal.h"

enum { NAME_WIDTH = 18, VECTOR_MAX = 2048 };

/* The value of a name: the rest of its line, and of those that go on with
 * blanks. */
static void read_vector(const char *name, char out[VECTOR_MAX])
{
    char line[256];
    char padded[NAME_WIDTH + 1];
    size_t len = 0;
    bool is_in = false;
    FILE *file = fopen(TEST_PROTOCOL, "r");
    assert_non_null(file);
    snprintf(padded, sizeof padded, "%-*s", NAME_WIDTH, name);
    while (fgets(line, sizeof line, file)) {
        bool is_start = strncmp(line, padded, NAME_WIDTH) == 0;
        is_in = is_start || (is_in && strspn(line, " ") == NAME_WIDTH);
        if (!is_in)
            continue;
        size_t part = strcspn(line + NAME_WIDTH, "\n");
        assert_true(len + part < VECTOR_MAX);
        memcpy(out + len, line + NAME_WIDTH, part);
        len += part;
    }
    fclose(file);
    out[len] = '\0';
    if (len == 0)
        fail_msg("no vector is called %s", name);
}

static void read_bytes(const char *name, uint8_t *out, size_t len)
{
    char text[VECTOR_MAX];
    read_vector(name, text);
    assert_int_equal(strlen(text), 2 * len);
    assert_int_equal(armor_decode(ARMOR_HEX, span_from_string(text), out), len);
}

static void must_be(const char *name, const uint8_t *bytes, size_t len)
{
    uint8_t expected[64];
    read_bytes(name, expected, len);
    assert_memory_equal(bytes, expected, len);
}

struct given {
    struct identity identity;
    uint8_t secret[INVITE_SECRET_LEN];
    uint8_t consumer_salt[SEAL_SALT_LEN];
    uint8_t provider_salt[SEAL_SALT_LEN];
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
};

static struct given read_given(void)
{
    struct given g;
    uint8_t seed[CRYPTO_SEED_LEN];
    read_bytes("seed", seed, sizeof seed);
    identity_init_seed(&g.identity, seed);
    read_bytes("secret", g.secret, sizeof g.secret);
    read_bytes("consumer salt", g.consumer_salt, SEAL_SALT_LEN);
    read_bytes("provider salt", g.provider_salt, SEAL_SALT_LEN);
    read_bytes("fingerprint", g.fingerprint, CERT_FINGERPRINT_LEN);
    return g;
}

static void test_keys(void **state)
{
    (void)state;
    struct given g = read_given();
    struct seal_key key;
    uint8_t of_process[CRYPTO_KEY_LEN];
    char room[SEAL_ROOM_LEN + 1];
    char text[VECTOR_MAX];
    must_be("public key", g.identity.public_key, CRYPTO_PUBLIC_LEN);
    must_be("provider id", g.identity.provider_id, PROVIDER_ID_LEN);
    read_vector("room", text);
    assert_string_equal(seal_room(g.identity.provider_id, room), text);
    seal_key_init(&key, g.identity.provider_id, g.secret);
    must_be("key id", key.id, SEAL_KEY_ID_LEN);
    must_be("D from provider", key.from[SEAL_PROVIDER], CRYPTO_KEY_LEN);
    must_be("D from consumer", key.from[SEAL_CONSUMER], CRYPTO_KEY_LEN);
    seal_key_of_process(&key, SEAL_CONSUMER, g.consumer_salt, of_process);
    must_be("consumer key", of_process, CRYPTO_KEY_LEN);
    seal_key_of_process(&key, SEAL_PROVIDER, g.provider_salt, of_process);
    must_be("provider key", of_process, CRYPTO_KEY_LEN);
}

static void test_link(void **state)
{
    (void)state;
    struct given g = read_given();
    char text[VECTOR_MAX];
    read_vector("link", text);
    char *link = link_format("wss://signal.example.org", g.identity.provider_id, g.secret);
    assert_string_equal(link, text);
    free_secret_string(link);
}

static void test_signature(void **state)
{
    (void)state;
    struct given g = read_given();
    uint8_t signature[CRYPTO_SIGNATURE_LEN];
    const struct vouched vouched = {g.fingerprint, g.provider_salt, g.consumer_salt};
    identity_vouch(&g.identity, &vouched, signature);
    must_be("signature", signature, sizeof signature);
    assert_true(identity_has_vouched(g.identity.public_key, &vouched, signature));
}

static void test_sealed(void **state)
{
    (void)state;
    struct given g = read_given();
    struct seal *consumer =
        seal_new(&(struct seal_config){SEAL_CONSUMER, NULL, g.fingerprint, g.consumer_salt});
    struct seal *provider =
        seal_new(&(struct seal_config){SEAL_PROVIDER, &g.identity, g.fingerprint, g.provider_salt});
    struct seal_contact to_provider = {0};
    struct seal_contact to_consumer = {0};
    char expected[VECTOR_MAX];
    char *text;
    seal_admit(consumer, "link", g.identity.provider_id, g.secret);
    seal_admit(provider, "device", g.identity.provider_id, g.secret);
    char *offer = seal_wrap(consumer, &to_provider, SEAL_OFFER, "v=0\r\n");
    read_vector("offer", expected);
    assert_string_equal(offer, expected);
    assert_int_equal(seal_open(provider, &to_consumer, SEAL_OFFER, offer, &text), SEAL_GOOD);
    assert_string_equal(text, "v=0\r\n");
    char *answer = seal_wrap(provider, &to_consumer, SEAL_ANSWER, "v=0\r\n");
    read_vector("answer", expected);
    assert_string_equal(answer, expected);
    free(offer);
    free(answer);
    free(text);
    seal_free(consumer);
    seal_free(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
