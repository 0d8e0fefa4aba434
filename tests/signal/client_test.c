/*
 * The signal client with our server, and over TLS.
 */
#include "net/tls_testing.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "http/parse.h"
#include "net/websocket.h"
#include "signal/fake_server.h"
#include "signal/server.h"
#include "signal/visit.h"

static struct signal_server *start_server(struct loop *loop, char url[64])
{
    log_configure(LOG_ERROR, LOG_TEXT);
    struct signal_server_config config;
    signal_server_config_init(&config);
    config.host = "127.0.0.1";
    config.port = 0;
    struct signal_server *server = NULL;
    assert_int_equal(signal_server_new(loop, &config, &server), 0);
    snprintf(url, 64, "ws://localhost:%u/signal?x=1", signal_server_port(server));
    return server;
}

static void test_two_visits(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    char url[64];
    struct signal_server *server = start_server(loop, url);
    struct visit a;
    struct visit b;
    visit_begin(&a, loop, url, NULL, "r\xc3\xb6om");
    signal_client_send_offer(a.client, NULL, "dropped: not open yet");
    run_until(loop, &a.is_open);
    visit_expect(&a, "joined id -\n");
    visit_begin(&b, loop, url, NULL, "r\xc3\xb6om");
    visit_expect(&b, "joined id -\n");
    visit_expect(&a, "peer-joined id -\n");
    signal_client_send_offer(a.client, NULL, "v=0");
    visit_expect(&b, "offer id v=0\n");
    signal_client_send_answer(b.client, NULL, "v=1");
    visit_expect(&a, "answer id v=1\n");
    signal_client_send_candidate(b.client, NULL, "{}");
    visit_expect(&a, "candidate id {}\n");
    struct visit c;
    visit_begin(&c, loop, url, NULL, "r\xc3\xb6om");
    visit_expect(&c, "error - room full: both places are taken\n");
    visit_end(&c);
    visit_end(&b); /* says bye */
    visit_expect(&a, "peer-left id -\n");
    signal_server_close(server);
    visit_expect_close(&a, "is going away: the server shuts down");
    signal_client_send_offer(a.client, NULL, "dropped: closed");
    visit_end(&a);
    loop_free(loop);
}

/* The visit goes on at another client with the same key; a probe of a server
 * that answers does no harm. */
static void test_key(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    char url[64];
    struct signal_server *server = start_server(loop, url);
    struct visit a;
    struct visit again;
    struct visit b;
    visit_begin(&b, loop, url, NULL, "r");
    visit_expect(&b, "joined id -\n");
    visit_begin(&a, loop, url, NULL, "r");
    signal_client_set_key(a.client, "the key");
    visit_expect(&a, "joined id -\n");
    visit_expect(&b, "peer-joined id -\n");
    visit_begin(&again, loop, url, NULL, "r");
    assert_true(signal_client_has_address(again.client)); /* nothing says otherwise yet */
    signal_client_set_key(again.client, "the key");
    visit_expect(&again, "joined id -\n");
    assert_true(signal_client_has_address(again.client));
    signal_client_probe(again.client);
    signal_client_send_offer(again.client, NULL, "v=0");
    visit_expect(&b, "offer id v=0\n");
    visit_end(&a);
    signal_client_send_answer(again.client, NULL, "v=1");
    visit_expect(&b, "answer id v=1\n"); /* and no peer-left */
    visit_end(&again);
    visit_end(&b);
    signal_server_close(server);
    loop_free(loop);
}

static void test_close_in_callbacks(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    char url[64];
    struct signal_server *server = start_server(loop, url);
    struct visit v;
    visit_begin(&v, loop, url, NULL, "r");
    v.closes_in_callback = true;
    run_until(loop, &v.has_message);
    visit_end(&v);
    visit_begin(&v, loop, "ws://127.0.0.1:1", NULL, "r");
    v.closes_in_callback = true;
    run_until(loop, &v.is_closed);
    visit_end(&v);
    visit_begin(&v, loop, url, NULL, "r"); /* before anything has happened */
    visit_end(&v);
    signal_server_close(server);
    loop_free(loop);
}

static bool add_address(const char *name, const char *address, const char *mask)
{
    struct ifreq request = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, address, &in.sin_addr);
    memcpy(&request.ifr_addr, &in, sizeof in);
    bool is_done = ioctl(fd, SIOCSIFADDR, &request) == 0;
    inet_pton(AF_INET, mask, &in.sin_addr);
    memcpy(&request.ifr_netmask, &in, sizeof in);
    is_done = is_done && ioctl(fd, SIOCSIFNETMASK, &request) == 0;
    request.ifr_flags = IFF_UP;
    is_done = is_done && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return is_done;
}

/* As when a VPN comes up: the address is still there, and nothing leaves from
 * it any more. */
static void test_another_way_to_the_server(void **state)
{
    (void)state;
    if (unshare(CLONE_NEWNET) < 0)
        skip();
    if (!add_address("lo", "127.0.0.1", "255.0.0.0") ||
        !add_address("lo:1", "198.51.100.1", "255.255.255.0"))
        skip();
    struct loop *loop = loop_new();
    struct signal_server_config config;
    struct signal_server *server = NULL;
    signal_server_config_init(&config);
    config.host = "0.0.0.0";
    config.port = 0;
    log_configure(LOG_ERROR, LOG_TEXT);
    assert_int_equal(signal_server_new(loop, &config, &server), 0);
    char url[64];
    snprintf(url, sizeof url, "ws://198.51.100.200:%u", signal_server_port(server));
    struct visit v;
    visit_begin(&v, loop, url, NULL, "r");
    visit_expect(&v, "joined id -\n");
    assert_true(signal_client_has_address(v.client));
    assert_true(add_address("lo:2", "198.51.100.129", "255.255.255.128"));
    assert_false(signal_client_has_address(v.client));
    visit_end(&v);
    signal_server_close(server);
    loop_free(loop);
}

/* wss: the server's half is OpenSSL's, in the same loop. */
struct tls_fake {
    struct listener *listener;
    struct conn *conn;
    struct test_tls_server tls;
    struct buf request;
    bool has_answered;
};

static void tls_fake_on_data(struct span bytes, void *arg)
{
    struct tls_fake *f = arg;
    test_tls_server_feed(&f->tls, bytes);
    char got[4096];
    size_t len = test_tls_server_read(&f->tls, got, sizeof got);
    buf_append(&f->request, span_of(got, len));
    struct http_request request;
    struct http_field fields[HTTP_FIELDS_MAX];
    if (!f->has_answered && http_parse_request(buf_bytes(&f->request), &request, fields) > 0) {
        char accept[WEBSOCKET_ACCEPT_LEN + 1];
        websocket_accept_key(http_fields_find(request.fields, "Sec-WebSocket-Key")->value, accept);
        struct buf answer;
        buf_init(&answer, 1000);
        buf_append_format(&answer, ACCEPTS "\x81\x0e{\"type\":\"bye\"}", accept);
        test_tls_server_write(&f->tls, buf_bytes(&answer));
        buf_deinit(&answer);
        f->has_answered = true;
    }
    conn_write(f->conn, test_tls_server_take(&f->tls));
    test_tls_server_taken(&f->tls);
}

static void tls_fake_on_accept(struct conn *conn, void *arg)
{
    static const struct conn_handlers handlers = {.on_data = tls_fake_on_data};
    struct tls_fake *f = arg;
    f->conn = conn;
    conn_set_handlers(conn, &handlers, f);
}

static void check_tls(const struct test_cert *cert, const char *ca_path, const char *words)
{
    struct loop *loop = loop_new();
    struct tls_fake f = {0};
    buf_init(&f.request, 1 << 16);
    test_tls_server_init(&f.tls, cert);
    assert_int_equal(listener_new(loop, "127.0.0.1", 0, tls_fake_on_accept, &f, &f.listener), 0);
    struct tls_client *tls = NULL;
    assert_int_equal(tls_client_new(ca_path, false, &tls), 0);
    char url[64];
    snprintf(url, sizeof url, "wss://localhost:%u", listener_port(f.listener));
    struct visit v;
    visit_begin(&v, loop, url, tls, "r");
    if (words)
        visit_expect_close(&v, words);
    else
        visit_expect(&v, "bye - -\n");
    visit_end(&v);
    conn_close(f.conn);
    listener_close(f.listener);
    loop_free(loop);
    tls_client_free(tls);
    test_tls_server_deinit(&f.tls);
    buf_deinit(&f.request);
}

static void test_wss(void **state)
{
    (void)state;
    struct test_cert ca =
        test_cert_new(NULL, &(struct test_cert_options){"test CA", NULL, -86400, 86400});
    struct test_cert good =
        test_cert_new(&ca, &(struct test_cert_options){"s", "DNS:localhost", -86400, 86400});
    struct test_cert other =
        test_cert_new(&ca, &(struct test_cert_options){"s", "DNS:elsewhere", -86400, 86400});
    char path[64];
    test_cert_write(&ca, path);
    check_tls(&good, path, NULL);
    check_tls(&other, path, "the server's certificate is refused: hostname mismatch");
    check_tls(&good, NULL,
              "cannot be reached: the server's certificate is refused: unable to get local issuer "
              "certificate; SSL_CERT_FILE=FILE makes those in a file trusted");
    unlink(path);
    test_cert_free(&ca);
    test_cert_free(&good);
    test_cert_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_visits),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_close_in_callbacks),
        cmocka_unit_test(test_wss),
        /* Last: the process does not leave its new network. */
        cmocka_unit_test(test_another_way_to_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
