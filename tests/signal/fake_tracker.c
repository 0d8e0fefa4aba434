#include "signal/fake_tracker.h"

#include <string.h>

#include "base/alloc.h"

/* ---- what it hears ---- */

/* The string behind a key, as it stands in the JSON; "-" for none. */
static struct span string_of(struct span json, const char *key)
{
    const char *text = (const char *)json.data;
    const char *at = memmem(text, json.len, key, strlen(key));
    if (!at)
        return SPAN_LITERAL("-");
    at += strlen(key);
    const char *end = memchr(at, '"', json.len - (size_t)(at - text));
    assert_non_null(end);
    return span_of(at, (size_t)(end - at));
}

static size_t count(struct span json, const char *what)
{
    size_t found = 0;
    for (size_t i = 0; i + strlen(what) <= json.len; i++)
        found += memcmp(json.data + i, what, strlen(what)) == 0;
    return found;
}

static void on_message(struct span json, void *arg)
{
    struct fake_tracker *f = arg;
    size_t offers = count(json, "\"offer_id\":");
    bool is_answer = count(json, "\"answer\":") > 0;
    buf_append_format(&f->heard, "%s %.*s left %d offers %zu %.*s %.*s\n",
                      is_answer    ? "answer"
                      : offers > 0 ? "offer"
                                   : "announce",
                      SPAN_ARG(string_of(json, "\"event\":\"")),
                      count(json, "\"left\":0") > 0 ? 0 : 1, offers,
                      SPAN_ARG(string_of(json, "\"sdp\":\"")),
                      SPAN_ARG(string_of(json, "\"to_peer_id\":\"")));
    f->has_heard = true;
}

static void on_close(const struct websocket_end *end, void *arg)
{
    struct fake_tracker *f = arg;
    (void)end;
    f->is_left = true;
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    static const struct websocket_handlers handlers = {.on_message = on_message,
                                                       .on_close = on_close};
    struct fake_tracker *f = arg;
    char accept[WEBSOCKET_ACCEPT_LEN + 1];
    const struct http_field *key = http_fields_find(request->fields, "Sec-WebSocket-Key");
    assert_non_null(key);
    websocket_accept_key(key->value, accept);
    const struct http_field fields[] = {
        {SPAN_LITERAL("Upgrade"), SPAN_LITERAL("websocket")},
        {SPAN_LITERAL("Connection"), SPAN_LITERAL("Upgrade")},
        {SPAN_LITERAL("Sec-WebSocket-Accept"), span_from_string(accept)},
    };
    const struct http_response response = {.status = 101,
                                           .minor_version = 1,
                                           .fields = {fields, 3}};
    assert_int_equal(http_exchange_respond(x, &response), 0);
    struct span early = {0};
    struct conn *conn = http_exchange_upgrade(x, &early);
    if (f->ws)
        websocket_close(f->ws, WEBSOCKET_NORMAL, "");
    f->ws = websocket_new(f->loop, conn, WEBSOCKET_SERVER, LOOP_ROOM_LEN, early, &handlers, f);
    f->is_left = false;
}

void fake_tracker_expect(struct fake_tracker *f, const char *lines)
{
    run_until(f->loop, &f->has_heard);
    struct span heard = buf_bytes(&f->heard);
    if (!span_is_string(heard, lines))
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(heard), lines);
    buf_clear(&f->heard);
    f->has_heard = false;
}

/* ---- what it says ---- */

void fake_tracker_say(struct fake_tracker *f, const char *json)
{
    websocket_send(f->ws, span_from_string(json));
}

void fake_tracker_respond(struct fake_tracker *f, unsigned complete)
{
    char *json = xasprintf("{\"action\":\"announce\",\"info_hash\":\"" FAKE_HASH
                           "\",\"interval\":120,\"complete\":%u,\"incomplete\":0}",
                           complete);
    fake_tracker_say(f, json);
    free(json);
}

void fake_tracker_pass_on(struct fake_tracker *f, const char *type, char peer, const char *sdp)
{
    char peer_id[21] = {0}, offer_id[21] = {0};
    memset(peer_id, peer, 20);
    memset(offer_id, peer + 1, 20);
    char *json = xasprintf("{\"action\":\"announce\",\"info_hash\":\"" FAKE_HASH
                           "\",\"peer_id\":\"%s\",\"offer_id\":\"%s\",\"%s\":{\"type\":\"%s\","
                           "\"sdp\":\"%s\"}}",
                           peer_id, offer_id, type, type, sdp);
    fake_tracker_say(f, json);
    free(json);
}

/* ---- life ---- */

void fake_tracker_start(struct fake_tracker *f, struct loop *loop)
{
    const char *why;
    const struct http_server_config config = {.on_request = on_request,
                                              .arg = f,
                                              .connections_max = 16,
                                              .head_timeout_us = TEST_PATIENCE_US,
                                              .idle_timeout_us = TEST_PATIENCE_US};
    *f = (struct fake_tracker){.loop = loop};
    buf_init(&f->heard, 1 << 20);
    assert_int_equal(http_server_new(loop, "127.0.0.1", 0, &config, &f->http), 0);
    char *text = xasprintf("ws://127.0.0.1:%u/announce", http_server_port(f->http));
    assert_int_equal(url_parse(text, &f->url, &why), 0);
    free(text);
}

void fake_tracker_stop(struct fake_tracker *f)
{
    if (f->ws)
        websocket_close(f->ws, WEBSOCKET_NORMAL, "");
    if (f->http)
        http_server_free(f->http);
    url_deinit(&f->url);
    buf_deinit(&f->heard);
}
