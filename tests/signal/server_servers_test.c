/*
 * The STUN and TURN servers that a server names: to who joins, and again to who
 * asks, which a client does in time.
 */
#include "signal/server_fixture.h"

#include "signal/client.h"

struct guest {
    struct signal_client *client;
    int told; /* of servers */
    char user[128];
    bool has_other;
};

static void on_message(const struct signal_message *message, void *arg)
{
    struct guest *guest = arg;
    assert_true(message->type == SIGNAL_JOINED || message->type == SIGNAL_ICE_SERVERS);
    assert_int_equal(message->ice_server_count, 1);
    guest->has_other = message->type == SIGNAL_ICE_SERVERS &&
                       strcmp(guest->user, message->ice_servers[0].user) != 0;
    snprintf(guest->user, sizeof guest->user, "%s", message->ice_servers[0].user);
    guest->told++;
}

static void on_close(const char *text, void *arg)
{
    (void)arg;
    fail_msg("%s", text);
}

static void name_server(struct fixture *f, uint64_t lifetime_s)
{
    static char secret[] = "north";
    f->config.ice.urls[0] = "turn:turn.example.org";
    f->config.ice.url_count = 1;
    f->config.ice.secret = secret;
    f->config.ice.lifetime_s = lifetime_s;
}

/* The user is an expiry, in seconds: with the second it is another. */
static void test_in_time(void **state)
{
    (void)state;
    static const struct signal_client_handlers handlers = {
        .on_message = on_message,
        .on_close = on_close,
    };
    struct fixture *f = fixture_new();
    struct guest guest = {0};
    name_server(f, 1);
    start(f);
    const struct url url = {.host = (char *)(uintptr_t) "127.0.0.1",
                            .port = f->port,
                            .authority = (char *)(uintptr_t) "127.0.0.1",
                            .path = (char *)(uintptr_t) "/"};
    guest.client =
        signal_client_new(f->loop, &(struct signal_way){.url = &url}, "r", &handlers, &guest);
    run_until(f->loop, &guest.has_other);
    assert_in_range(guest.told, 2, 4);
    signal_client_close(guest.client);
    fixture_free(f);
}

static void test_asked_for(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    name_server(f, 3600);
    start(f);
    visitor_open(&f->a, f->loop, f->port);
    visitor_send(&f->a, "{\"type\":\"ice-servers\"}");
    visitor_expect(&f->a, "must join a room first");
    visitor_send(&f->a, "{\"type\":\"join\",\"room\":\"r\"}");
    visitor_expect(&f->a, "\"iceServersLifetime\":3600");
    visitor_open(&f->b, f->loop, f->port);
    visitor_send(&f->b, "{\"type\":\"join\",\"room\":\"r\"}");
    visitor_expect(&f->b, "\"joined\"");
    visitor_expect(&f->a, "peer-joined");
    visitor_send(&f->a, "{\"type\":\"ice-servers\"}");
    visitor_expect(&f->a, "\"type\":\"ice-servers\"");
    check_works(&f->a, &f->b); /* and nobody else was told */
    fixture_free(f);
}

/* Without a secret nothing expires. */
static void test_no_lifetime(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    name_server(f, 3600);
    f->config.ice.urls[0] = "stun:stun.example.org";
    start(f);
    visitor_open(&f->a, f->loop, f->port);
    visitor_send(&f->a, "{\"type\":\"join\",\"room\":\"r\"}");
    visitor_expect(&f->a, "\"stun:stun.example.org\"");
    assert_null(strstr(f->a.message, "iceServersLifetime"));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_time),
        cmocka_unit_test(test_asked_for),
        cmocka_unit_test(test_no_lifetime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
