/*
 * The handlers of the server under test: they note what came and stop the
 * loop, so that the test's condition is looked at.
 */
#include "service.h"

#include "testing.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct service t;

static void on_body(struct http_exchange *x, struct span bytes, void *arg)
{
    assert_ptr_equal(arg, &t);
    if (t.does_echo)
        http_exchange_write(x, bytes);
    else
        assert_int_equal(buf_append(&t.body, bytes), 0);
    rig_poke();
}

static void on_body_end(struct http_exchange *x, struct http_fields trailers, void *arg)
{
    (void)arg;
    t.body_ends++;
    t.trailers[0] = '\0';
    for (size_t i = 0; i < trailers.count; i++) {
        size_t len = strlen(t.trailers);
        snprintf(t.trailers + len, sizeof t.trailers - len, "%.*s=%.*s;",
                 SPAN_ARG(trailers.at[i].name), SPAN_ARG(trailers.at[i].value));
    }
    if (t.does_echo)
        http_exchange_end(x, no_fields);
    rig_poke();
}

static void on_drain(struct http_exchange *x, void *arg)
{
    (void)x;
    (void)arg;
    t.drains++;
    rig_poke();
}

static void on_abort(struct http_exchange *x, void *arg)
{
    (void)arg;
    assert_ptr_equal(x, t.x);
    t.x = NULL;
    t.aborts++;
    rig_poke();
}

static const struct http_exchange_handlers exchange_handlers = {.on_body = on_body,
                                                                .on_body_end = on_body_end,
                                                                .on_drain = on_drain,
                                                                .on_abort = on_abort};

int service_respond(int status, const struct http_field *fields, size_t count)
{
    struct http_response response = {.status = status,
                                     .reason = span_from_string(http_reason(status)),
                                     .fields = {fields, count}};
    return http_exchange_respond(t.x, &response);
}

static void upgrade(struct http_exchange *x)
{
    static const struct http_field fields[] = {FIELD("Connection", "Upgrade"),
                                               FIELD("Upgrade", "tests")};
    t.x = x;
    assert_int_equal(service_respond(101, fields, 2), 0);
    struct span early;
    struct conn *conn = http_exchange_upgrade(x, &early);
    t.x = NULL;
    peer_adopt(&t.upgraded, conn);
    assert_int_equal(buf_append(&t.upgraded.in, early), 0);
}

static void on_request(struct http_exchange *x, const struct http_request *request, void *arg)
{
    assert_ptr_equal(arg, &t);
    t.requests++;
    t.framing = request->framing;
    snprintf(t.target, sizeof t.target, "%.*s", SPAN_ARG(request->target));
    rig_poke();
    struct address address;
    http_exchange_peer_address(x, &address);
    assert_int_equal(address_port(&address) != 0, 1);
    if (span_starts_with(request->target, "/now")) {
        http_exchange_reply(x, 200, "text/plain", (struct http_fields){0},
                            span_skip(request->target, 1));
        return;
    }
    if (span_is_string(request->target, "/upgrade")) {
        upgrade(x);
        return;
    }
    if (span_is_string(request->target, "/abort")) {
        http_exchange_break(x);
        return;
    }
    t.x = x;
    http_exchange_accept(x, &exchange_handlers, &t);
    if (t.forwards_expect)
        http_exchange_leave_continue(x, true);
    if (t.starts_paused)
        http_exchange_set_reading(x, false);
    if (span_is_string(request->target, "/echo")) {
        t.does_echo = true;
        assert_int_equal(service_respond(200, NULL, 0), 0);
    }
}

void service_start_with(struct http_server_config config)
{
    memset(&t, 0, sizeof t);
    rig_start();
    config.on_request = on_request;
    config.arg = &t;
    if (config.connections_max == 0)
        config.connections_max = 100;
    assert_int_equal(http_server_new(rig.loop, "127.0.0.1", 0, &config, &t.server), 0);
    t.port = http_server_port(t.server);
    buf_init(&t.body, 64 << 20);
    peer_connect(&t.client, t.port);
}

void service_start(void)
{
    service_start_with((struct http_server_config){0});
}

void service_stop(void)
{
    peer_close(&t.client);
    http_server_free(t.server);
    buf_deinit(&t.body);
    rig_stop();
}

const char *service_received(struct peer *peer)
{
    static char text[8192];
    size_t len = peer->in.len < sizeof text - 1 ? peer->in.len : sizeof text - 1;
    memcpy(text, buf_bytes(&peer->in).data, len);
    text[len] = '\0';
    char *date;
    while ((date = strstr(text, "Date: ")) != NULL) {
        char *end = strstr(date, "GMT\r\n");
        assert_non_null(end);
        memmove(date, end + 5, strlen(end + 5) + 1);
    }
    return text;
}

void service_reply(const char *text)
{
    http_exchange_reply(t.x, 200, "text/plain", (struct http_fields){0}, span_from_string(text));
}

int service_dial(const struct address *from)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct address address;
    assert_int_equal(address_parse("127.0.0.1", t.port, &address), 0);
    if (from)
        assert_int_equal(bind(fd, (const struct sockaddr *)&from->storage, from->len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address.storage, address.len), 0);
    return fd;
}

bool service_knows_owners(void)
{
    struct peer peer;
    peer_connect(&peer, t.port);
    int inquiry = peer_owner_open();
    bool tells = conn_peer_owner(peer.conn, inquiry) == PEER_OWNED;
    if (inquiry >= 0)
        close(inquiry);
    peer_close(&peer);
    if (!tells)
        print_message("skipped: this kernel has no NETLINK_SOCK_DIAG\n");
    return tells;
}

bool service_finds_elsewhere(struct address *out)
{
    struct ifaddrs *list;
    bool is_found = false;
    if (getifaddrs(&list) < 0)
        return false;
    for (const struct ifaddrs *i = list; i && !is_found; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK))
            continue;
        *out = (struct address){.len = sizeof(struct sockaddr_in)};
        memcpy(&out->storage, i->ifa_addr, out->len);
        is_found = true;
    }
    freeifaddrs(list);
    if (!is_found)
        print_message("skipped: no address but 127.0.0.1 here\n");
    return is_found;
}
