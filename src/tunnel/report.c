#include "tunnel/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const char *const kinds[] = {
    [NAT_SILENT] = "silent",       [NAT_OPEN] = "open",           [NAT_CONE] = "cone",
    [NAT_SYMMETRIC] = "symmetric", [NAT_UNCERTAIN] = "uncertain",
};

static const char *const mappings[] = {
    [REPORT_MAPPED_UNKNOWN] = "unknown",
    [REPORT_MAPPED_PUBLIC] = "public",
    [REPORT_MAPPED_PRIVATE] = "private",
};

static const char *const sessions[] = {
    [REPORT_SESSION_NONE] = "none",
    [REPORT_SESSION_DIRECT] = "direct",
    [REPORT_SESSION_RELAYED] = "relayed",
};

static char *dump(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!text)
        abort(); /* all that we build can be dumped; only memory is lacking */
    return text;
}

char *report_encode(const struct report *report)
{
    json_t *object = json_object();
    if (report->is_refusal) {
        json_object_set_new(object, "refused", json_string("expired"));
        return dump(object);
    }
    if (report->knows_nat) {
        json_object_set_new(object, "ipv4", json_string(kinds[report->v4]));
        json_object_set_new(object, "ipv6", json_string(kinds[report->v6]));
        json_object_set_new(object, "mapped", json_string(mappings[report->mapped]));
    }
    json_object_set_new(object, "turn", json_boolean(report->has_turn));
    json_object_set_new(object, "relay", json_boolean(report->takes_relay));
    json_object_set_new(object, "relayOnly", json_boolean(report->is_relay_only));
    json_object_set_new(object, "ports", json_boolean(report->asks_router));
    json_object_set_new(object, "session", json_string(sessions[report->session]));
    json_object_set_new(object, "upstream", json_integer(report->upstream_status));
    json_object_set_new(object, "upstreamMs", json_integer((json_int_t)report->upstream_ms));
    return dump(object);
}

/* Its place in the list; 0 for another word, or none. */
static unsigned find(const json_t *object, const char *name, const char *const *list, size_t count)
{
    const char *text = json_string_value(json_object_get(object, name));
    for (unsigned i = 0; text && i < count; i++) {
        if (strcmp(list[i], text) == 0)
            return i;
    }
    return 0;
}

#define FIND(object, name, list) find(object, name, list, sizeof(list) / sizeof *(list))

static bool is_set(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* 0 where it is below, or above most. */
static json_int_t number(const json_t *object, const char *name, json_int_t most)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value >= 0 && value <= most ? value : 0;
}

int report_decode(const char *json, struct report *out)
{
    json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    *out = (struct report){0};
    if (!json_is_object(object)) {
        json_decref(object);
        return -EINVAL;
    }
    out->is_refusal = json_object_get(object, "refused") != NULL;
    out->knows_nat = json_object_get(object, "ipv4") != NULL;
    out->v4 = (enum nat_kind)FIND(object, "ipv4", kinds);
    out->v6 = (enum nat_kind)FIND(object, "ipv6", kinds);
    out->mapped = (enum report_mapped)FIND(object, "mapped", mappings);
    out->has_turn = is_set(object, "turn");
    out->takes_relay = is_set(object, "relay");
    out->is_relay_only = is_set(object, "relayOnly");
    out->asks_router = is_set(object, "ports");
    out->session = (enum report_session)FIND(object, "session", sessions);
    out->upstream_status = (int)number(object, "upstream", 999);
    out->upstream_ms = (uint64_t)number(object, "upstreamMs", INT32_MAX);
    json_decref(object);
    return 0;
}
