/*
 * Bytes stand in base64url. The padding is blanks behind the object, which
 * every JSON parser skips.
 */
#include "tunnel/seal_message.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/alloc.h"
#include "base/armor.h"

enum { VERSION = 1 };

const char *seal_type_name(enum seal_type type)
{
    static const char *const names[] = {"offer", "answer", "candidate", "question", "report"};
    return names[type];
}

static const char *text_member(enum seal_type type)
{
    static const char *const names[] = {"sdp", "sdp", "candidate", "question", "report"};
    return names[type];
}

/* ---- encode ---- */

static void put_bytes(json_t *object, const char *name, const uint8_t *bytes, size_t len)
{
    char text[ARMOR_LEN(ARMOR_BASE64URL, CRYPTO_SIGNATURE_LEN) + 1];
    assert(len <= CRYPTO_SIGNATURE_LEN);
    armor_encode(ARMOR_BASE64URL, span_of(bytes, len), text);
    json_object_set_new(object, name, json_string(text));
}

/* Takes the dump over. */
static char *pad(char *dump, size_t *len)
{
    size_t dump_len = strlen(dump);
    *len = (dump_len + SEAL_PAD - 1) / SEAL_PAD * SEAL_PAD;
    char *padded = NULL;
    if (*len <= SEAL_PLAIN_MAX) {
        padded = xcalloc(*len, 1);
        memset(padded, ' ', *len);
        memcpy(padded, dump, dump_len);
    }
    free_secret(dump, dump_len);
    return padded;
}

char *seal_message_encode(const struct seal_message *message, enum seal_type type, size_t *len)
{
    json_t *object = json_object();
    json_object_set_new(object, "v", json_integer(VERSION));
    if (message->has_to)
        put_bytes(object, "to", message->to, sizeof message->to);
    if (message->has_re)
        put_bytes(object, "re", message->re, sizeof message->re);
    json_object_set_new(object, text_member(type), json_string(message->text));
    if (message->has_identity) {
        put_bytes(object, "id", message->public_key, sizeof message->public_key);
        put_bytes(object, "sig", message->signature, sizeof message->signature);
    }
    char *dump = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!dump)
        abort(); /* all that we build can be dumped; only memory is lacking */
    return pad(dump, len);
}

/* ---- decode ---- */

/* False when it is there and not so many bytes. */
static bool get_bytes(const json_t *object, const char *name, uint8_t *out, size_t len, bool *has)
{
    uint8_t bytes[CRYPTO_SIGNATURE_LEN + 1];
    const json_t *member = json_object_get(object, name);
    *has = member != NULL;
    if (!member)
        return true;
    size_t text_len = json_string_length(member);
    if (!json_is_string(member) || text_len != ARMOR_LEN(ARMOR_BASE64URL, len))
        return false;
    struct span text = span_of(json_string_value(member), text_len);
    if (armor_decode(ARMOR_BASE64URL, text, bytes) != (long)len)
        return false;
    memcpy(out, bytes, len);
    return true;
}

static int decode_object(const json_t *object, enum seal_type type, struct seal_message *out)
{
    const json_t *version = json_object_get(object, "v");
    const json_t *text = json_object_get(object, text_member(type));
    bool has_signature;
    if (!json_is_integer(version))
        return -EINVAL;
    if (json_integer_value(version) != VERSION)
        return -EPROTONOSUPPORT;
    bool is_good =
        json_is_string(text) && get_bytes(object, "to", out->to, sizeof out->to, &out->has_to) &&
        get_bytes(object, "re", out->re, sizeof out->re, &out->has_re) &&
        get_bytes(object, "id", out->public_key, sizeof out->public_key, &out->has_identity) &&
        get_bytes(object, "sig", out->signature, sizeof out->signature, &has_signature) &&
        has_signature == out->has_identity;
    if (!is_good)
        return -EINVAL;
    out->text = xstrdup(json_string_value(text));
    return 0;
}

int seal_message_decode(struct span json, enum seal_type type, struct seal_message *out)
{
    *out = (struct seal_message){0};
    json_t *root = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    int error = json_is_object(root) ? decode_object(root, type, out) : -EINVAL;
    json_decref(root);
    return error;
}

void seal_message_deinit(struct seal_message *message)
{
    free_secret_string(message->text);
    *message = (struct seal_message){0};
}
