/*
 * Bytes of an id become code points, and these UTF-8 of one or two bytes, among
 * them U+0000: so strings have lengths here.
 */
#include "signal/tracker_message.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"

enum {
    OFFER_OVERHEAD = 160 /* bytes of JSON around an sdp, with an id of two bytes a character */
};

/* ---- ids ---- */

static json_t *id_to_json(const uint8_t id[TRACKER_ID_LEN])
{
    char text[2 * TRACKER_ID_LEN];
    size_t len = 0;
    for (size_t i = 0; i < TRACKER_ID_LEN; i++) {
        if (id[i] >= 0x80)
            text[len++] = (char)(0xc0 | id[i] >> 6);
        text[len++] = (char)(id[i] >= 0x80 ? 0x80 | (id[i] & 0x3f) : id[i]);
    }
    return json_stringn(text, len);
}

/* jansson has checked UTF-8. */
static bool id_from_json(const json_t *value, uint8_t out[TRACKER_ID_LEN])
{
    const uint8_t *text = (const uint8_t *)json_string_value(value);
    size_t len = json_string_length(value);
    size_t count = 0;
    for (size_t i = 0; i < len && text; i++) {
        unsigned code = text[i];
        if (code >= 0xc4 || count == TRACKER_ID_LEN)
            return false; /* above U+00FF */
        if (code >= 0x80)
            code = (code & 0x03) << 6 | (text[++i] & 0x3f);
        out[count++] = (uint8_t)code;
    }
    return count == TRACKER_ID_LEN;
}

/* ---- to a tracker ---- */

static json_t *new_message(const uint8_t *info_hash, const uint8_t *peer_id)
{
    json_t *root = json_object();
    json_object_set_new(root, "action", json_string("announce"));
    json_object_set_new(root, "info_hash", id_to_json(info_hash));
    json_object_set_new(root, "peer_id", id_to_json(peer_id));
    return root;
}

static void add_figures(json_t *root, bool is_provider)
{
    json_object_set_new(root, "uploaded", json_integer(0));
    json_object_set_new(root, "downloaded", json_integer(0));
    json_object_set_new(root, "left", json_integer(is_provider ? 0 : 1));
}

static json_t *new_description(const char *type, const char *sdp)
{
    json_t *description = json_object();
    json_object_set_new(description, "type", json_string(type));
    json_object_set_new(description, "sdp", json_string(sdp));
    return description;
}

static size_t offers_of(const char *sdp)
{
    size_t fit = sdp ? TRACKER_SEND_MAX / (strlen(sdp) + OFFER_OVERHEAD) : 0;
    return fit > TRACKER_OFFERS_MAX ? TRACKER_OFFERS_MAX : sdp && fit == 0 ? 1 : fit;
}

static void add_offers(json_t *root, const char *sdp)
{
    size_t count = offers_of(sdp);
    json_t *offers = json_array();
    for (size_t i = 0; i < count; i++) {
        uint8_t id[TRACKER_ID_LEN];
        json_t *offer = json_object();
        random_bytes(id, sizeof id);
        json_object_set_new(offer, "offer", new_description("offer", sdp));
        json_object_set_new(offer, "offer_id", id_to_json(id));
        json_array_append_new(offers, offer);
    }
    json_object_set_new(root, "numwant", json_integer((json_int_t)count));
    json_object_set_new(root, "offers", offers);
}

static char *encode(json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text)
        abort();
    return text;
}

char *tracker_announce_encode(const struct tracker_announce *announce)
{
    static const char *const events[] = {
        [TRACKER_STARTED] = "started", [TRACKER_STOPPED] = "stopped"};
    json_t *root = new_message(announce->info_hash, announce->peer_id);
    add_figures(root, announce->is_provider);
    if (announce->event != TRACKER_UPDATE)
        json_object_set_new(root, "event", json_string(events[announce->event]));
    add_offers(root, announce->sdp);
    return encode(root);
}

char *tracker_answer_encode(const struct tracker_answer *answer)
{
    json_t *root = new_message(answer->info_hash, answer->peer_id);
    /* Some take each message for an announce, and forget who is complete. */
    add_figures(root, answer->is_provider);
    json_object_set_new(root, "to_peer_id", id_to_json(answer->to_peer_id));
    json_object_set_new(root, "offer_id", id_to_json(answer->offer_id));
    json_object_set_new(root, "answer", new_description("answer", answer->sdp));
    return encode(root);
}

/* ---- from a tracker ---- */

static unsigned number_of(const json_t *root, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(root, name));
    return value < 0 ? 0 : value > INT32_MAX ? INT32_MAX : (unsigned)value;
}

static int decode_description(const json_t *root, const json_t *description,
                              struct tracker_message *out)
{
    const char *sdp = json_string_value(json_object_get(description, "sdp"));
    if (!sdp || strlen(sdp) != json_string_length(json_object_get(description, "sdp")) ||
        !id_from_json(json_object_get(root, "peer_id"), out->peer_id) ||
        !id_from_json(json_object_get(root, "offer_id"), out->offer_id))
        return -EINVAL;
    out->sdp = xstrdup(sdp);
    return 0;
}

static int decode_announce(const json_t *root, struct tracker_message *out)
{
    const json_t *offer = json_object_get(root, "offer");
    const json_t *answer = json_object_get(root, "answer");
    if (json_is_object(offer) || json_is_object(answer)) {
        out->type = json_is_object(offer) ? TRACKER_OFFER : TRACKER_ANSWER;
        return decode_description(root, json_is_object(offer) ? offer : answer, out);
    }
    if (!json_is_integer(json_object_get(root, "complete")))
        return -EPROTO;
    out->type = TRACKER_RESPONSE;
    out->interval_s = number_of(root, "interval");
    out->providers = number_of(root, "complete");
    return 0;
}

static int decode(const json_t *root, const uint8_t *info_hash, struct tracker_message *out)
{
    uint8_t about[TRACKER_ID_LEN];
    const json_t *hash = json_object_get(root, "info_hash");
    const char *action = json_string_value(json_object_get(root, "action"));
    const char *failure = json_string_value(json_object_get(root, "failure reason"));
    if (hash && (!id_from_json(hash, about) || memcmp(about, info_hash, sizeof about) != 0))
        return -EPROTO;
    if (failure) {
        out->type = TRACKER_FAILURE;
        out->text = xstrndup(span_of(failure, strnlen(failure, TRACKER_TEXT_MAX)));
        return 0;
    }
    if (!hash || !action || strcmp(action, "announce") != 0)
        return -EPROTO;
    return decode_announce(root, out);
}

int tracker_message_decode(struct span json, const uint8_t info_hash[TRACKER_ID_LEN],
                           struct tracker_message *out)
{
    *out = (struct tracker_message){0};
    json_t *root = json_loadb((const char *)json.data, json.len, JSON_ALLOW_NUL, NULL);
    int error = json_is_object(root) ? decode(root, info_hash, out) : -EBADMSG;
    json_decref(root);
    return error;
}

void tracker_message_deinit(struct tracker_message *message)
{
    free(message->sdp);
    free(message->text);
    *message = (struct tracker_message){0};
}
