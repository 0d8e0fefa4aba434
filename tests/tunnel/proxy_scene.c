/*
 * See proxy_scene.h.
 */
#include "proxy_scene.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "net/conn.h"

enum { TIMEOUT_S = 120, LINE_MAX_LEN = 4 << 20, PREFIX_LEN = 4 };

/* ---- running ---- */

static bool deliver(struct side *from, struct side *to)
{
    struct span queued = buf_bytes(&from->line);
    if (queued.len == 0)
        return false;
    size_t len = get_u32be(queued.data);
    struct guard g = guard_new(queued.data + PREFIX_LEN, len);
    buf_consume(&from->line, PREFIX_LEN + len);
    mux_feed(to->mux, 0, g.bytes, clock_now_us());
    guard_free(&g);
    return true;
}

static void on_turn(void *arg)
{
    struct proxy_scene *scene = arg;
    for (int i = 0; i < PROXY_SCENE_HOPS; i++) {
        struct hop *hop = &scene->hops[i];
        while (deliver(&hop->consumer, &hop->provider) || deliver(&hop->provider, &hop->consumer)) {
        }
    }
    if (scene->is_done && scene->is_done(scene)) {
        scene->is_done = NULL;
        loop_stop(scene->loop);
    }
}

static void on_watchdog(void *arg)
{
    (void)arg;
    fail_msg("not done in %d s", TIMEOUT_S);
}

void proxy_scene_run_until(struct proxy_scene *scene, bool (*is_done)(struct proxy_scene *scene))
{
    scene->is_done = is_done;
    timer_start_in(scene->watchdog, TIMEOUT_S * US_PER_S);
    loop_run(scene->loop);
    timer_stop(scene->watchdog);
}

/* ---- the tunnels ---- */

static void on_send(unsigned channel, struct span head, struct span body, void *arg)
{
    struct side *side = arg;
    uint8_t prefix[PREFIX_LEN];
    (void)channel;
    put_u32be(prefix, (uint32_t)(head.len + body.len));
    assert_int_equal(buf_append(&side->line, span_of(prefix, sizeof prefix)), 0);
    assert_int_equal(buf_append(&side->line, head), 0);
    assert_int_equal(buf_append(&side->line, body), 0);
}

static bool on_can_send(unsigned channel, enum mux_urgency urgency, void *arg)
{
    const struct side *side = arg;
    (void)channel;
    (void)urgency;
    return !side->is_stuck;
}

static size_t on_room(void *arg)
{
    (void)arg;
    return SIZE_MAX;
}

static void on_reading(bool reading, void *arg)
{
    (void)reading;
    (void)arg;
}

static void on_ready(void *arg)
{
    (void)arg;
}

static void on_rtt(uint64_t rtt_us, void *arg)
{
    (void)rtt_us;
    (void)arg;
}

static void on_alive(void *arg)
{
    (void)arg;
}

static void on_stream_closed(size_t streams, void *arg)
{
    (void)streams;
    (void)arg;
}

static void on_dead(const char *text, enum mux_likeness likeness, void *arg)
{
    (void)likeness;
    (void)arg;
    fail_msg("%s", text);
}

static void on_note(enum mux_note kind, const char *text, void *arg)
{
    (void)kind;
    (void)text;
    (void)arg;
}

static void on_stream_body(struct span bytes, void *arg)
{
    struct hop *hop = arg;
    assert_int_equal(buf_append(&hop->body, bytes), 0);
    mux_stream_set_held(hop->stream, 0, clock_now_us());
}

static void on_stream_end(struct http_fields trailers, void *arg)
{
    (void)trailers;
    ((struct hop *)arg)->has_end = true;
}

static void on_stream_error(enum stream_error error, const char *text, void *arg)
{
    struct hop *hop = arg;
    (void)error;
    (void)text;
    hop->stream = NULL;
    hop->errors++;
}

static void on_stream_drain(void *arg)
{
    (void)arg;
}

static void on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    static const struct mux_stream_handlers handlers = {
        .on_body = on_stream_body,
        .on_end = on_stream_end,
        .on_error = on_stream_error,
        .on_drain = on_stream_drain,
    };
    struct side *side = arg;
    struct hop *hop = LIST_ENTRY(side, struct hop, provider);
    (void)head;
    mux_stream_accept(stream, &handlers, hop);
    hop->stream = stream;
    hop->requests++;
    hop->has_end = false;
    buf_clear(&hop->body);
}

static void side_init(struct side *side, enum mux_role role, unsigned features)
{
    static const struct mux_handlers handlers = {
        .send = on_send,
        .can_send = on_can_send,
        .room = on_room,
        .on_reading = on_reading,
        .on_ready = on_ready,
        .on_rtt = on_rtt,
        .on_alive = on_alive,
        .on_request = on_request,
        .on_stream_closed = on_stream_closed,
        .on_dead = on_dead,
        .on_note = on_note,
    };
    buf_init(&side->line, LINE_MAX_LEN);
    side->mux = mux_new(role, features, &handlers, side);
    mux_start(side->mux, (struct span){0}, clock_now_us());
}

void proxy_scene_up(struct proxy_scene *scene, int hop)
{
    struct hop *up = &scene->hops[hop];
    if (up->number == POOL_NOBODY)
        up->number = proxy_add_provider(scene->proxy, (unsigned)hop, (uint32_t)hop + 1);
    proxy_set_mux(scene->proxy, up->number, up->consumer.mux);
}

void proxy_scene_doubt(struct proxy_scene *scene, int hop)
{
    proxy_set_mux(scene->proxy, scene->hops[hop].number, NULL);
}

void proxy_scene_kill(struct proxy_scene *scene, int hop)
{
    struct hop *killed = &scene->hops[hop];
    proxy_scene_doubt(scene, hop);
    mux_fail(killed->consumer.mux, "nobody is there any more");
    proxy_remove_provider(scene->proxy, killed->number);
    killed->number = POOL_NOBODY;
}

void proxy_scene_answer(struct hop *hop, int status, const char *name, const char *value)
{
    struct head head;
    head_init(&head);
    head.status = status;
    head.framing = HTTP_BODY_UNKNOWN;
    if (name)
        head_add(&head, span_from_string(name), span_from_string(value));
    assert_int_equal(mux_stream_respond(hop->stream, &head), 0);
    mux_stream_end(hop->stream, (struct http_fields){0});
    hop->stream = NULL;
}

/* ---- clients ---- */

static void on_client_data(struct span bytes, void *arg)
{
    assert_int_equal(buf_append(&((struct client *)arg)->got, bytes), 0);
}

static void on_client_open(void *arg)
{
    struct client *client = arg;
    client->is_open = true;
    conn_write(client->conn, span_from_string(client->request));
}

static void on_client_close(int error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    ((struct client *)arg)->is_broken = true;
}

void proxy_scene_ask(struct proxy_scene *scene, struct client *client, const char *request)
{
    static const struct conn_handlers handlers = {
        .on_open = on_client_open,
        .on_data = on_client_data,
        .on_close = on_client_close,
    };
    client->request = request;
    if (client->is_open) {
        proxy_scene_say(client, span_from_string(request));
        return;
    }
    buf_init(&client->got, LINE_MAX_LEN);
    client->conn = conn_connect(scene->loop, "127.0.0.1", proxy_port(scene->proxy), NULL,
                                TIMEOUT_S * US_PER_S, &handlers, client);
}

void proxy_scene_say(struct client *client, struct span bytes)
{
    conn_write(client->conn, bytes);
}

size_t client_count(const struct client *client, const char *text)
{
    struct span rest = buf_bytes(&client->got);
    size_t count = 0;
    for (const uint8_t *at;
         rest.len > 0 && (at = memmem(rest.data, rest.len, text, strlen(text))) != NULL; count++)
        rest = span_skip(rest, (size_t)(at - rest.data) + strlen(text));
    return count;
}

bool client_got(const struct client *client, const char *text)
{
    return client_count(client, text) > 0;
}

/* ---- the scene ---- */

static void on_exchange_done(const struct exchange_record *record, void *arg)
{
    struct proxy_scene *scene = arg;
    scene->record = *record;
    scene->records++;
}

static void begin_session(struct hop *hop, unsigned features)
{
    side_init(&hop->provider, MUX_PROVIDER, features);
    side_init(&hop->consumer, MUX_CONSUMER, features);
    while (deliver(&hop->consumer, &hop->provider) || deliver(&hop->provider, &hop->consumer)) {
    }
}

static void side_deinit(struct side *side)
{
    mux_fail(side->mux, "over");
    mux_free(side->mux);
    buf_deinit(&side->line);
}

void proxy_scene_set_features(struct proxy_scene *scene, int hop, unsigned features)
{
    side_deinit(&scene->hops[hop].consumer);
    side_deinit(&scene->hops[hop].provider);
    begin_session(&scene->hops[hop], features);
}

struct proxy_scene *proxy_scene_new(const struct proxy_config *config, unsigned features)
{
    struct proxy_scene *scene = xcalloc(1, sizeof *scene);
    scene->loop = loop_new();
    const struct exchange_watch watch = {.on_done = on_exchange_done,
                                         .arg = scene,
                                         .loop = scene->loop};
    scene->watchdog = timer_new(scene->loop, on_watchdog, scene);
    scene->hook = turn_hook_new(scene->loop, on_turn, NULL, scene);
    assert_int_equal(proxy_new(scene->loop, config, &watch, &scene->proxy), 0);
    for (int i = 0; i < PROXY_SCENE_HOPS; i++) {
        struct hop *hop = &scene->hops[i];
        hop->number = POOL_NOBODY;
        buf_init(&hop->body, LINE_MAX_LEN);
        begin_session(hop, features);
    }
    return scene;
}

void proxy_scene_free(struct proxy_scene *scene)
{
    for (int i = 0; i < PROXY_SCENE_HOPS; i++)
        mux_fail(scene->hops[i].consumer.mux, "over");
    proxy_free(scene->proxy);
    for (size_t i = 0; i < PROXY_SCENE_CLIENTS; i++) {
        if (scene->clients[i].conn)
            conn_close(scene->clients[i].conn);
        buf_deinit(&scene->clients[i].got);
    }
    for (int i = 0; i < PROXY_SCENE_HOPS; i++) {
        side_deinit(&scene->hops[i].consumer);
        side_deinit(&scene->hops[i].provider);
        buf_deinit(&scene->hops[i].body);
    }
    turn_hook_free(scene->hook);
    timer_free(scene->watchdog);
    loop_free(scene->loop);
    free(scene);
}

/* ---- conditions ---- */

bool first_has_request(struct proxy_scene *scene)
{
    return scene->hops[0].requests == 1;
}

bool second_has_request(struct proxy_scene *scene)
{
    return scene->hops[1].requests == 1;
}

bool second_has_whole_request(struct proxy_scene *scene)
{
    return second_has_request(scene) && scene->hops[1].has_end;
}

bool first_has_half(struct proxy_scene *scene)
{
    return scene->hops[0].body.len == 4;
}

bool as_many_are_asked(struct proxy_scene *scene)
{
    int requests = 0;
    for (int i = 0; i < PROXY_SCENE_HOPS; i++)
        requests += scene->hops[i].requests;
    return requests == scene->wanted;
}
