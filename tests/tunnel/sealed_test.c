/*
 * Two ends that meet by a link: what an invite lets its device do, and what
 * becomes of a device whose invite goes.
 */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

struct rig {
    struct pair *pair;
    char folder[64];
    struct state *state;
    struct link link;
    struct link other_link; /* behind it: of nobody */
    char why[STATE_WHY_MAX];
};

/* What it was asked for is its answer, and who is said to have asked. */
static void on_api_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    (void)arg;
    char text[256];
    const struct http_field *device = http_fields_find(request->fields, "X-Tunnel-Device");
    const struct http_field *cgi = http_fields_find(request->fields, "x_tunnel_device");
    int len =
        snprintf(text, sizeof text, "%.*s by %.*s %s", SPAN_ARG(request->target),
                 SPAN_ARG(device ? device->value : SPAN_LITERAL("nobody")), cgi ? "twice" : "");
    http_exchange_reply(x, 200, "text/plain", (struct http_fields){0}, span_of(text, (size_t)len));
}

/* ---- invites ---- */

struct wish {
    const char *name;
    const char *rule; /* or NULL */
};

static int add(struct invites *all, void *arg)
{
    const struct wish *wish = arg;
    struct invite *invite = invites_add(all, wish->name, (int64_t)time(NULL));
    if (wish->rule)
        assert_null(invite_add_rule(invite, wish->rule));
    return 0;
}

static int take_away(struct invites *all, void *name)
{
    return invites_remove(all, name) ? 0 : 1;
}

static int let_expire(struct invites *all, void *name)
{
    invites_find(all, name)->expires_s = (int64_t)time(NULL) + 1;
    return 0;
}

static void invite(struct rig *r, struct wish wish)
{
    assert_int_equal(state_edit(r->state, add, &wish, r->why), 0);
}

static void shut_out(struct rig *r, char *name)
{
    assert_int_equal(state_edit(r->state, take_away, name, r->why), 0);
}

/* The consumer's from now on is that invite's. */
static void use_link(struct rig *r, const char *name)
{
    struct invites all;
    assert_int_equal(state_read(r->state, &all, r->why), 0);
    r->link.signal = r->pair->signal_url;
    memcpy(r->link.provider_id, state_identity(r->state)->provider_id, PROVIDER_ID_LEN);
    memcpy(r->link.secret, invites_find(&all, name)->secret, INVITE_SECRET_LEN);
    r->pair->consumer.link = &r->link;
    invites_deinit(&all);
}

static int setup(void **state)
{
    struct rig *r = xcalloc(1, sizeof *r);
    const char *place = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%s/tunnel-sealed-XXXXXX", place ? place : "/tmp");
    assert_non_null(mkdtemp(r->folder));
    assert_int_equal(state_open(r->folder, &r->state, r->why), 0);
    r->pair = pair_new(on_api_request);
    r->pair->provider.state = r->state;
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"identity", "invites", "lock"};
    struct rig *r = *state;
    pair_free(r->pair);
    state_close(r->state);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = xasprintf("%s/%s", r->folder, files[i]);
        unlink(path);
        free(path);
    }
    rmdir(r->folder);
    free(r);
    return 0;
}

static bool consumer_is_down(struct pair *pair)
{
    return !pair->consumer.is_up;
}

static void start(struct rig *r, const char *name)
{
    use_link(r, name);
    pair_start_provider(r->pair);
    pair_start_consumer(r->pair, 0);
    pair_run_until(r->pair, pair_is_up);
}

/* ---- tests ---- */

static void test_request_goes_through(void **state)
{
    struct rig *r = *state;
    invite(r, (struct wish){"phone", NULL});
    start(r, "phone");
    pair_ask(r->pair, "/x");
    assert_int_equal(r->pair->status, 200);
    assert_true(pair_has_body(r->pair, "/x by nobody"));
}

/* Whoever comes first to the room: the consumer offers. */
static void test_consumer_first(void **state)
{
    struct rig *r = *state;
    invite(r, (struct wish){"phone", NULL});
    use_link(r, "phone");
    pair_start_consumer(r->pair, 0);
    pair_start_provider(r->pair);
    pair_ask(r->pair, "/x");
    assert_int_equal(r->pair->status, 200);
}

static void test_when_it_was_seen(void **state)
{
    struct rig *r = *state;
    struct invites all;
    invite(r, (struct wish){"phone", NULL});
    start(r, "phone");
    pair_free(r->pair); /* what is on its way to the disk gets there */
    r->pair = pair_new(on_api_request);
    assert_int_equal(state_read(r->state, &all, r->why), 0);
    const struct invite *phone = invites_find(&all, "phone");
    assert_true(phone->seen_s > 0);
    assert_true(strchr(phone->from, ':') && !strchr(phone->from, ' '));
    invites_deinit(&all);
}

static void test_rules(void **state)
{
    struct rig *r = *state;
    invite(r, (struct wish){"phone", "GET /v1/*"});
    start(r, "phone");
    pair_ask(r->pair, "/v1/models");
    assert_int_equal(r->pair->status, 200);
    pair_ask(r->pair, "/v1/../admin");
    assert_int_equal(r->pair->status, 403);
    assert_true(pair_has_body(r->pair,
                              "the invite 'phone' does not allow this GET, as its path has "
                              "'..', '//' or the like; it allows"));
    assert_true(pair_has_body(r->pair, "'GET /v1/*'"));
    pair_ask(r->pair, "/v2");
    assert_true(pair_has_body(r->pair, "the invite 'phone' does not allow this GET; it allows"));
    pair_begin(r->pair, "DELETE", "/v1/models", HTTP_BODY_NONE, NULL);
    pair_finish(r->pair);
    assert_int_equal(r->pair->status, 403);
}

/* What a client says of itself is not believed. */
static void test_device_field(void **state)
{
    struct rig *r = *state;
    const struct http_field forged[] = {
        {SPAN_LITERAL("X-Tunnel-Device"), SPAN_LITERAL("admin")},
        {SPAN_LITERAL("x_tunnel_device"), SPAN_LITERAL("admin")},
    };
    const struct serve_config serve = {.upstream = {.url = &r->pair->api_url},
                                       .advertise = "/",
                                       .is_forwarded = true};
    invite(r, (struct wish){"phone", NULL});
    use_link(r, "phone");
    assert_int_equal(end_start(&r->pair->provider, &serve, NULL), 0);
    pair_start_consumer(r->pair, 0);
    for (size_t i = 0; i < 2; i++) {
        pair_begin(r->pair, "GET", "/x", HTTP_BODY_NONE, &forged[i]);
        pair_finish(r->pair);
        assert_true(pair_has_body(r->pair, "/x by phone"));
        assert_false(pair_has_body(r->pair, "admin"));
        assert_false(pair_has_body(r->pair, "twice"));
    }
}

/* Its session ends in the running provider, and it does not come in again; who
 * has another one does. */
static void test_revoked(void **state)
{
    struct rig *r = *state;
    invite(r, (struct wish){"phone", NULL});
    start(r, "phone");
    shut_out(r, "phone");
    pair_run_until(r->pair, consumer_is_down);
    end_stop(&r->pair->consumer);
    http_client_free(r->pair->client);
    invite(r, (struct wish){"laptop", NULL});
    use_link(r, "laptop");
    pair_start_consumer(r->pair, 0);
    pair_ask(r->pair, "/x");
    assert_int_equal(r->pair->status, 200);
}

static void test_revoked_before(void **state)
{
    struct rig *r = *state;
    invite(r, (struct wish){"phone", NULL});
    use_link(r, "phone");
    shut_out(r, "phone");
    pair_start_provider(r->pair);
    pair_start_consumer(r->pair, 1);
    pair_ask(r->pair, "/x");
    assert_int_equal(r->pair->status, 503);
    assert_false(r->pair->provider.is_up);
}

static void test_expires(void **state)
{
    struct rig *r = *state;
    invite(r, (struct wish){"phone", NULL});
    start(r, "phone");
    assert_int_equal(state_edit(r->state, let_expire, "phone", r->why), 0);
    pair_run_until(r->pair, consumer_is_down);
}

/* Who knows the room's name and has no secret gets nothing. */
static void test_plain_peer(void **state)
{
    struct rig *r = *state;
    invite(r, (struct wish){"phone", NULL});
    use_link(r, "phone");
    pair_start_provider(r->pair);
    r->pair->consumer.link = NULL;
    r->pair->consumer.room = xcalloc(1, SEAL_ROOM_LEN + 1);
    seal_room(state_identity(r->state)->provider_id, r->pair->consumer.room);
    pair_start_consumer(r->pair, 1);
    pair_ask(r->pair, "/x");
    assert_int_equal(r->pair->status, 503);
    end_stop(&r->pair->consumer);
    free(r->pair->consumer.room);
    http_client_free(r->pair->client);
    use_link(r, "phone");
    pair_start_consumer(r->pair, 0);
    pair_run_until(r->pair, pair_is_up);
}

/* One of them is enough, and while there is none each has its reason. */
static void test_several_links(void **state)
{
    struct rig *r = *state;
    invite(r, (struct wish){"phone", NULL});
    use_link(r, "phone");
    r->other_link.signal = r->pair->signal_url;
    r->pair->consumer.more_links = 1;
    pair_start_consumer(r->pair, 1);
    pair_ask(r->pair, "/x");
    assert_int_equal(r->pair->status, 503);
    assert_true(pair_has_body(r->pair, "not connected: link 1: "));
    assert_true(pair_has_body(r->pair, "; link 2: "));
    end_stop(&r->pair->consumer);
    http_client_free(r->pair->client);
    pair_start_provider(r->pair);
    pair_start_consumer(r->pair, 0);
    pair_ask(r->pair, "/x");
    assert_int_equal(r->pair->status, 200);
    pair_run_until(r->pair, pair_is_up);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_request_goes_through), TEST(test_consumer_first),
        TEST(test_when_it_was_seen),     TEST(test_rules),
        TEST(test_device_field),         TEST(test_revoked),
        TEST(test_revoked_before),       TEST(test_expires),
        TEST(test_plain_peer),           TEST(test_several_links),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
