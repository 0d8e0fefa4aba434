/*
 * One table says what each type is called and which string it carries; the
 * codec walks it. jansson has checked UTF-8 by then.
 */
#include "signal/message.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { WITH_PEER_ID = 1, PEER_ID_IF_ANY = 2 };

struct shape {
    const char *name;
    const char *member; /* the string it must carry, or NULL */
    size_t offset;      /* of that string in the message */
    int peer_id;        /* whether it carries one */
};

#define NO_MEMBER     NULL, 0
#define IN_MESSAGE(m) offsetof(struct signal_message, m)

static const struct shape shapes[] = {
    [SIGNAL_JOIN] = {"join", "room", IN_MESSAGE(room), 0},
    [SIGNAL_JOINED] = {"joined", NO_MEMBER, WITH_PEER_ID},
    [SIGNAL_PEER_JOINED] = {"peer-joined", NO_MEMBER, WITH_PEER_ID},
    [SIGNAL_OFFER] = {"offer", "sdp", IN_MESSAGE(sdp), PEER_ID_IF_ANY},
    [SIGNAL_ANSWER] = {"answer", "sdp", IN_MESSAGE(sdp), PEER_ID_IF_ANY},
    [SIGNAL_CANDIDATE] = {"candidate", "candidate", IN_MESSAGE(candidate), PEER_ID_IF_ANY},
    [SIGNAL_MISFIT] = {"misfit", "to", IN_MESSAGE(to), 0},
    [SIGNAL_ICE_SERVERS] = {"ice-servers", NO_MEMBER, 0},
    [SIGNAL_BYE] = {"bye", NO_MEMBER, 0},
    [SIGNAL_PEER_LEFT] = {"peer-left", NO_MEMBER, WITH_PEER_ID},
    [SIGNAL_ERROR] = {"error", "message", IN_MESSAGE(text), 0},
};

static const char *const code_names[] = {
    [SIGNAL_CODE_ROOM_FULL] = "room-full",       [SIGNAL_CODE_ALREADY_JOINED] = "already-joined",
    [SIGNAL_CODE_NOT_JOINED] = "not-joined",     [SIGNAL_CODE_MALFORMED] = "malformed",
    [SIGNAL_CODE_UNKNOWN_TYPE] = "unknown-type", [SIGNAL_CODE_TOO_MANY_JOINS] = "too-many-joins",
};

static const char *const job_names[] = {
    [SIGNAL_JOB_PROVIDER] = "provider",
    [SIGNAL_JOB_CONSUMER] = "consumer",
};

enum { JOB_COUNT = sizeof job_names / sizeof *job_names };

enum { CODE_COUNT = sizeof code_names / sizeof *code_names };

enum { TYPE_COUNT = sizeof shapes / sizeof *shapes };

const char *signal_type_name(enum signal_type type)
{
    return shapes[type].name;
}

static char **member_of(struct signal_message *message, const struct shape *shape)
{
    return (char **)(void *)((char *)message + shape->offset);
}

/* With all that it holds, U+0000 included. Not a string: an empty one. */
static struct span text_of(const json_t *value)
{
    return span_of(json_string_value(value), json_string_length(value));
}

static int decode_type(const json_t *object, enum signal_type *out)
{
    struct span name = text_of(json_object_get(object, "type"));
    for (int i = 0; i < TYPE_COUNT; i++) {
        if (span_is_string(name, shapes[i].name)) {
            *out = (enum signal_type)i;
            return 0;
        }
    }
    return -EPROTO;
}

/* A copy of a string of at most max bytes without U+0000. */
static int decode_string(const json_t *value, size_t max, char **out)
{
    const char *text = json_string_value(value);
    if (!text)
        return -EINVAL;
    size_t len = json_string_length(value);
    if (len > max || memchr(text, '\0', len))
        return -EINVAL;
    *out = xstrndup(span_of(text, len));
    return 0;
}

static int decode_peer_id(const json_t *object, const struct shape *shape, char **out)
{
    const json_t *value = json_object_get(object, "peerId");
    if (shape->peer_id == 0 || (shape->peer_id == PEER_ID_IF_ANY && !value))
        return 0;
    return decode_string(value, SIGNAL_PEER_ID_MAX, out);
}

/* One of no use is like none. */
static void decode_optional(const json_t *object, const char *name, size_t max, char **out)
{
    const json_t *value = json_object_get(object, name);
    if (json_string_length(value) > 0 && decode_string(value, max, out) < 0)
        *out = NULL;
}

static enum signal_job decode_job(const json_t *value)
{
    for (int i = SIGNAL_JOB_NONE + 1; i < JOB_COUNT; i++) {
        if (span_is_string(text_of(value), job_names[i]))
            return (enum signal_job)i;
    }
    return SIGNAL_JOB_NONE;
}

static int decode_peers(const json_t *array, struct signal_message *message)
{
    if (!json_is_array(array))
        return -EINVAL;
    message->peer_count = json_array_size(array);
    message->peers = xcalloc(message->peer_count + 1, sizeof *message->peers);
    for (size_t i = 0; i < message->peer_count; i++) {
        if (decode_string(json_array_get(array, i), SIGNAL_PEER_ID_MAX, &message->peers[i]) < 0)
            message->peers[i] = xstrdup("");
    }
    return 0;
}

/* Servers of before there were codes say it in words alone. */
static enum signal_code decode_code(const json_t *value, const char *text)
{
    for (int i = SIGNAL_CODE_NONE + 1; i < CODE_COUNT; i++) {
        if (span_is_string(text_of(value), code_names[i]))
            return (enum signal_code)i;
    }
    return !value && strstr(text, "full") ? SIGNAL_CODE_ROOM_FULL : SIGNAL_CODE_NONE;
}

static void decode_ice_server(const json_t *url, const json_t *server,
                              struct signal_message *message)
{
    struct signal_ice_server *out = &message->ice_servers[message->ice_server_count];
    if (message->ice_server_count == SIGNAL_ICE_SERVERS_MAX ||
        decode_string(url, SIGNAL_ICE_STRING_MAX, &out->url) < 0)
        return;
    message->ice_server_count++;
    decode_optional(server, "username", SIGNAL_ICE_STRING_MAX, &out->user);
    decode_optional(server, "credential", SIGNAL_ICE_STRING_MAX, &out->password);
}

/* The form of RTCIceServer, whose urls are one or several; what is none is
 * left out. */
static void decode_ice_servers(const json_t *array, struct signal_message *message)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *server = json_array_get(array, i);
        const json_t *urls = json_object_get(server, "urls");
        if (json_is_string(urls))
            decode_ice_server(urls, server, message);
        for (size_t k = 0; k < json_array_size(urls); k++)
            decode_ice_server(json_array_get(urls, k), server, message);
    }
}

/* One of no use is like none. */
static uint64_t decode_number(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));
    return number > 0 ? (uint64_t)number : 0;
}

static int decode_members(const json_t *object, struct signal_message *message)
{
    const struct shape *shape = &shapes[message->type];
    int error = decode_peer_id(object, shape, &message->peer_id);
    if (error == 0 && shape->member)
        error = decode_string(json_object_get(object, shape->member), SIGNAL_MESSAGE_MAX,
                              member_of(message, shape));
    if (error == 0 && message->type == SIGNAL_JOIN &&
        (message->room[0] == '\0' || strlen(message->room) > SIGNAL_ROOM_MAX))
        error = -EINVAL;
    if (error == 0 && message->type == SIGNAL_JOIN) {
        decode_optional(object, "key", SIGNAL_KEY_MAX, &message->key);
        message->job = decode_job(json_object_get(object, "job"));
        message->takes_relay = json_is_true(json_object_get(object, "relay"));
    }
    if (error == 0 && shape->peer_id == PEER_ID_IF_ANY)
        decode_optional(object, "to", SIGNAL_PEER_ID_MAX, &message->to);
    if (error == 0 && message->type == SIGNAL_JOINED) {
        message->is_resumed = json_is_true(json_object_get(object, "resumed"));
        message->is_shared = json_is_true(json_object_get(object, "shared"));
        message->relay_rate = decode_number(object, "relay");
        error = decode_peers(json_object_get(object, "peers"), message);
    }
    if (error == 0 && (message->type == SIGNAL_JOINED || message->type == SIGNAL_ICE_SERVERS)) {
        decode_ice_servers(json_object_get(object, "iceServers"), message);
        message->ice_lifetime_s = decode_number(object, "iceServersLifetime");
    }
    if (error == 0 && message->type == SIGNAL_PEER_JOINED)
        message->was_first = json_is_true(json_object_get(object, "first"));
    if (error == 0 && message->type == SIGNAL_ERROR)
        message->code = decode_code(json_object_get(object, "code"), message->text);
    return error;
}

int signal_message_decode(struct span json, struct signal_message *out)
{
    *out = (struct signal_message){0};
    /* Members that are not ours may hold U+0000; ours are looked at. */
    json_t *object = json_loadb((const char *)json.data, json.len, JSON_ALLOW_NUL, NULL);
    int error = json_is_object(object) ? 0 : -EBADMSG;
    if (error == 0)
        error = decode_type(object, &out->type);
    if (error == 0)
        error = decode_members(object, out);
    json_decref(object);
    if (error != 0) {
        enum signal_type type = out->type;
        signal_message_deinit(out);
        out->type = type;
    }
    return error;
}

void signal_message_deinit(struct signal_message *message)
{
    for (size_t i = 0; i < message->peer_count; i++)
        free(message->peers[i]);
    free(message->peers);
    for (size_t i = 0; i < message->ice_server_count; i++) {
        free(message->ice_servers[i].url);
        free(message->ice_servers[i].user);
        free_secret_string(message->ice_servers[i].password);
    }
    free(message->room);
    free_secret_string(message->key);
    free(message->peer_id);
    free(message->to);
    free(message->sdp);
    free(message->candidate);
    free(message->text);
    *message = (struct signal_message){0};
}

static void encode_string(json_t *object, const char *name, const char *text)
{
    json_t *value = json_string(text);
    assert(value); /* NULL: not UTF-8 */
    json_object_set_new(object, name, value);
}

static json_t *encode_ice_servers(const struct signal_message *message)
{
    json_t *array = json_array();
    for (size_t i = 0; i < message->ice_server_count; i++) {
        const struct signal_ice_server *server = &message->ice_servers[i];
        json_t *object = json_object();
        encode_string(object, "urls", server->url);
        if (server->user)
            encode_string(object, "username", server->user);
        if (server->password)
            encode_string(object, "credential", server->password);
        json_array_append_new(array, object);
    }
    return array;
}

static void encode_joined(json_t *object, const struct signal_message *message)
{
    json_t *array = json_array();
    for (size_t i = 0; i < message->peer_count; i++)
        json_array_append_new(array, json_string(message->peers[i]));
    json_object_set_new(object, "peers", array);
    if (message->is_resumed)
        json_object_set_new(object, "resumed", json_true());
    if (message->is_shared)
        json_object_set_new(object, "shared", json_true());
    if (message->relay_rate > 0)
        json_object_set_new(object, "relay", json_integer((json_int_t)message->relay_rate));
}

void signal_message_pass_on(const struct signal_message *message,
                            struct span parts[SIGNAL_PASSED_ON_PARTS])
{
    static const struct {
        const char *before_id, *before_raw;
    } texts[] = {
        [SIGNAL_OFFER] = {"{\"type\":\"offer\",\"peerId\":\"", "\",\"sdp\":"},
        [SIGNAL_ANSWER] = {"{\"type\":\"answer\",\"peerId\":\"", "\",\"sdp\":"},
        [SIGNAL_CANDIDATE] = {"{\"type\":\"candidate\",\"peerId\":\"", "\",\"candidate\":"},
    };
    parts[0] = span_from_string(texts[message->type].before_id);
    parts[1] = span_from_string(message->peer_id);
    parts[2] = span_from_string(texts[message->type].before_raw);
    parts[3] = message->raw;
    parts[4] = SPAN_LITERAL("}");
}

static char *encode_passed_on(const struct signal_message *message)
{
    struct span parts[SIGNAL_PASSED_ON_PARTS];
    signal_message_pass_on(message, parts);
    size_t len = span_total(parts, SIGNAL_PASSED_ON_PARTS);
    char *text = xcalloc(len + 1, 1);
    span_join(text, parts, SIGNAL_PASSED_ON_PARTS);
    return text;
}

char *signal_message_encode(const struct signal_message *message)
{
    if (message->raw.len > 0)
        return encode_passed_on(message);
    const struct shape *shape = &shapes[message->type];
    json_t *object = json_object();
    encode_string(object, "type", shape->name);
    if (shape->peer_id && (shape->peer_id == WITH_PEER_ID || message->peer_id))
        encode_string(object, "peerId", message->peer_id);
    if (message->type == SIGNAL_JOINED)
        encode_joined(object, message);
    if (message->ice_server_count > 0)
        json_object_set_new(object, "iceServers", encode_ice_servers(message));
    if (message->ice_lifetime_s > 0)
        json_object_set_new(object, "iceServersLifetime",
                            json_integer((json_int_t)message->ice_lifetime_s));
    if (message->type == SIGNAL_PEER_JOINED && message->was_first)
        json_object_set_new(object, "first", json_true());
    if (message->type == SIGNAL_ERROR && message->code != SIGNAL_CODE_NONE)
        encode_string(object, "code", code_names[message->code]);
    if (message->type == SIGNAL_JOIN && message->key)
        encode_string(object, "key", message->key);
    if (message->type == SIGNAL_JOIN && message->job != SIGNAL_JOB_NONE)
        encode_string(object, "job", job_names[message->job]);
    if (message->type == SIGNAL_JOIN && message->takes_relay)
        json_object_set_new(object, "relay", json_true());
    if (shape->peer_id == PEER_ID_IF_ANY && message->to)
        encode_string(object, "to", message->to);
    if (shape->member) {
        struct signal_message view = *message;
        encode_string(object, shape->member, *member_of(&view, shape));
    }
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!text)
        abort(); /* out of memory */
    return text;
}
