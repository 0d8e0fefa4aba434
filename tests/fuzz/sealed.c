/*
 * What comes by the signal server where it is sealed. The first byte picks
 * whether the rest is a string from there, which never opens, or a plaintext
 * that somebody with the secret has sealed: what that decodes to is encoded to
 * the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tunnel/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t zeros[64];

static void open_string(enum seal_type type, struct span text)
{
    struct seal *seal = seal_new(&(struct seal_config){SEAL_CONSUMER, NULL, zeros, zeros});
    struct seal_contact contact = {0};
    struct seal_contact before = {0};
    char *sealed = xstrndup(text);
    char *opened;
    seal_admit(seal, "link", zeros, zeros);
    if (seal_open(seal, &contact, type, sealed, &opened) == SEAL_GOOD)
        abort();
    if (opened || memcmp(&contact, &before, sizeof contact) != 0)
        abort();
    free(sealed);
    seal_free(seal);
}

static void decode_plain(enum seal_type type, struct span json)
{
    struct seal_message message, again;
    size_t len;
    if (seal_message_decode(json, type, &message) < 0)
        return;
    char *plain = seal_message_encode(&message, type, &len);
    if (plain) {
        if (len % SEAL_PAD != 0 || seal_message_decode(span_of(plain, len), type, &again) < 0 ||
            strcmp(message.text, again.text) != 0 || message.has_to != again.has_to ||
            message.has_re != again.has_re || message.has_identity != again.has_identity ||
            memcmp(message.to, again.to, sizeof message.to) != 0 ||
            memcmp(message.signature, again.signature, sizeof message.signature) != 0)
            abort();
        seal_message_deinit(&again);
        free_secret(plain, len);
    }
    seal_message_deinit(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span rest = span_of(data + 1, size - 1);
    enum seal_type type = (enum seal_type)(data[0] % 3);
    if (data[0] / 3 % 2 == 0)
        open_string(type, rest);
    else
        decode_plain(type, rest);
    return 0;
}
