/*
 * The signal client: with our server, and with servers that are wrong in
 * every way that a person meets. What it then says is half of its worth.
 */
#include "net/tls_testing.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "http/parse.h"
#include "net/wake_watch.h"
#include "net/websocket.h"
#include "signal/client.h"
#include "signal/server.h"
#include "sleeping.h"

struct visit {
    struct loop *loop;
    struct signal_client *client;
    bool is_open;
    struct buf messages; /* "type peer-id content\n" each */
    bool has_message;
    bool is_closed;
    char text[512];
    bool closes_in_callback;
};

static void visit_on_open(void *arg)
{
    ((struct visit *)arg)->is_open = true;
}

static void visit_on_message(const struct signal_message *m, void *arg)
{
    struct visit *v = arg;
    const char *content = m->sdp ? m->sdp : m->candidate ? m->candidate : m->text;
    buf_append_format(&v->messages, "%s %s %s\n", signal_type_name(m->type),
                      m->peer_id ? "id" : "-", content ? content : "-");
    v->has_message = true;
    if (v->closes_in_callback) {
        signal_client_close(v->client);
        v->client = NULL;
    }
}

static void visit_on_close(const char *text, void *arg)
{
    struct visit *v = arg;
    assert_false(v->is_closed);
    v->is_closed = true;
    snprintf(v->text, sizeof v->text, "%s", text);
    if (v->closes_in_callback) {
        signal_client_close(v->client);
        v->client = NULL;
    }
}

static void visit_begin(struct visit *v, struct loop *loop, const char *url_text,
                        const struct tls_client *tls, const char *room)
{
    static const struct signal_client_handlers handlers = {visit_on_open, visit_on_message,
                                                           visit_on_close};
    *v = (struct visit){.loop = loop};
    buf_init(&v->messages, 1 << 20);
    struct url url;
    const char *why;
    assert_int_equal(url_parse(url_text, &url, &why), 0);
    v->client = signal_client_new(loop, &url, tls, room, &handlers, v);
    url_deinit(&url); /* was copied */
}

static void visit_end(struct visit *v)
{
    if (v->client)
        signal_client_close(v->client);
    buf_deinit(&v->messages);
}

static void expect(struct visit *v, const char *lines)
{
    run_until(v->loop, &v->has_message);
    struct span got = buf_bytes(&v->messages);
    if (!span_is_string(got, lines))
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(got), lines);
    buf_clear(&v->messages);
    v->has_message = false;
}

static void expect_close(struct visit *v, const char *words)
{
    run_until(v->loop, &v->is_closed);
    if (!strstr(v->text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, v->text);
}

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
    signal_client_send_offer(a.client, "dropped: not open yet");
    run_until(loop, &a.is_open);
    expect(&a, "joined id -\n");
    visit_begin(&b, loop, url, NULL, "r\xc3\xb6om");
    expect(&b, "joined id -\n");
    expect(&a, "peer-joined id -\n");
    signal_client_send_offer(a.client, "v=0");
    expect(&b, "offer id v=0\n");
    signal_client_send_answer(b.client, "v=1");
    expect(&a, "answer id v=1\n");
    signal_client_send_candidate(b.client, "{}");
    expect(&a, "candidate id {}\n");
    struct visit c;
    visit_begin(&c, loop, url, NULL, "r\xc3\xb6om");
    expect(&c, "error - room full: both places are taken\n");
    visit_end(&c);
    visit_end(&b); /* says bye */
    expect(&a, "peer-left id -\n");
    signal_server_close(server);
    expect_close(&a, "is going away: the server shuts down");
    signal_client_send_offer(a.client, "dropped: closed");
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
    expect(&b, "joined id -\n");
    visit_begin(&a, loop, url, NULL, "r");
    signal_client_set_key(a.client, "the key");
    expect(&a, "joined id -\n");
    expect(&b, "peer-joined id -\n");
    visit_begin(&again, loop, url, NULL, "r");
    assert_true(signal_client_has_address(again.client)); /* nothing says otherwise yet */
    signal_client_set_key(again.client, "the key");
    expect(&again, "joined id -\n");
    assert_true(signal_client_has_address(again.client));
    signal_client_probe(again.client);
    signal_client_send_offer(again.client, "v=0");
    expect(&b, "offer id v=0\n");
    visit_end(&a);
    signal_client_send_answer(again.client, "v=1");
    expect(&b, "answer id v=1\n"); /* and no peer-left */
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

/* A server that answers every request by the same bytes. */
struct fake {
    struct loop *loop;
    struct listener *listener;
    struct conn *conn;
    const char *answer; /* NULL: none. "%s": the accept key */
    size_t repeat;      /* times that the answer is sent */
    bool ends;          /* behind it */
    struct buf request;
    bool has_request;
    char url[64];
};

/* Sends the answer, with the key's counterpart in it. */
static void fake_answer(struct fake *f, const struct http_request *request)
{
    char accept[WEBSOCKET_ACCEPT_LEN + 1] = "";
    const struct http_field *key = http_fields_find(request->fields, "Sec-WebSocket-Key");
    assert_non_null(key);
    websocket_accept_key(key->value, accept);
    const char *hole = strstr(f->answer, "%s");
    size_t before = hole ? (size_t)(hole - f->answer) : strlen(f->answer);
    for (size_t i = 0; i < f->repeat; i++) {
        conn_write(f->conn, span_of(f->answer, before));
        if (hole) {
            conn_write(f->conn, span_from_string(accept));
            conn_write(f->conn, span_from_string(hole + 2));
        }
    }
}

static void fake_on_data(struct span bytes, void *arg)
{
    struct fake *f = arg;
    if (f->has_request)
        return;
    buf_append(&f->request, bytes);
    struct http_request request;
    struct http_field fields[HTTP_FIELDS_MAX];
    if (http_parse_request(buf_bytes(&f->request), &request, fields) <= 0)
        return;
    f->has_request = true;
    if (f->answer)
        fake_answer(f, &request);
    if (f->ends)
        conn_end(f->conn);
}

static void fake_on_accept(struct conn *conn, void *arg)
{
    static const struct conn_handlers handlers = {.on_data = fake_on_data};
    struct fake *f = arg;
    f->conn = conn;
    conn_set_handlers(conn, &handlers, f);
}

static void fake_start(struct fake *f, struct loop *loop, const char *answer)
{
    *f = (struct fake){.loop = loop, .answer = answer, .repeat = 1};
    buf_init(&f->request, 1 << 20);
    assert_int_equal(listener_new(loop, "127.0.0.1", 0, fake_on_accept, f, &f->listener), 0);
    snprintf(f->url, sizeof f->url, "ws://127.0.0.1:%u", listener_port(f->listener));
}

static void fake_stop(struct fake *f)
{
    if (f->conn)
        conn_close(f->conn);
    listener_close(f->listener);
    buf_deinit(&f->request);
}

static void check_fake(const char *answer, size_t repeat, bool ends, const char *words)
{
    struct loop *loop = loop_new();
    struct fake f;
    fake_start(&f, loop, answer);
    f.repeat = repeat;
    f.ends = ends;
    struct visit v;
    visit_begin(&v, loop, f.url, NULL, "r");
    /* Only what never comes is waited for in short: the rest may take its
     * time. */
    const bool *until = NULL;
    if (strstr(words, "in time"))
        until = &f.has_request;
    if (strstr(words, "silent"))
        until = &v.is_open;
    if (until) {
        run_until(loop, until);
        signal_client_set_times(v.client, 200 * US_PER_MS, 100 * US_PER_MS, 200 * US_PER_MS,
                                SIGNAL_CLIENT_PROBE_US);
    }
    expect_close(&v, words);
    /* It names the server. */
    assert_non_null(strstr(v.text, strrchr(f.url, '/') + 1));
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
}

#define ACCEPTS                                                                         \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Accept: %s\r\n\r\n"

static void test_wrong_servers(void **state)
{
    (void)state;
    log_configure(LOG_ERROR, LOG_TEXT);
    check_fake(NULL, 1, false, "accepted the connection but did not answer in time");
    check_fake(NULL, 1, true, "ended the connection instead of answering");
    check_fake("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 1, false,
               "answered HTTP 404: there is no signal server at that path");
    check_fake("HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n", 1, false,
               "answered HTTP 301: it has moved, try --signal /x");
    check_fake("HTTP/1.1 308 Moved\r\nLocation: https://h.example/s\r\n\r\n", 1, false,
               "it has moved, try --signal wss://h.example/s");
    check_fake("HTTP/1.1 302 Found\r\n\r\n", 1, false, "answered HTTP 302, and not where to go");
    check_fake("HTTP/1.1 426 Upgrade Required\r\n\r\n", 1, false,
               "answered HTTP 426: a web server in front of it does not pass WebSocket on");
    check_fake("HTTP/1.1 418 x\r\n\r\n", 1, false, "answered HTTP 418, not a WebSocket handshake");
    check_fake("HTTP/1.1 200 OK\r\n\r\n<html>", 1, true, "answered HTTP 200");
    check_fake("SSH-2.0-OpenSSH_9.2\r\n", 1, false, "does not speak HTTP");
    check_fake("\x15\x03\x03 TLS alert \r\n\r\n", 1, false, "speaks TLS at that port: wss://");
    check_fake("HTTP/1.1 200 ", 1, false, "did not answer in time");
    check_fake("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
               1, false, "answered the WebSocket handshake wrongly");
    check_fake("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 1, false,
               "answered the WebSocket handshake wrongly");
    /* A head without end. */
    check_fake("HTTP/1.1 200 OK\r\nX: y\r\n", 1, false, "did not answer in time");
    check_fake("XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", 10000, false, "does not speak HTTP");
    /* WebSocket, but not for us. */
    check_fake(ACCEPTS, 1, false, "is silent; given up");
    check_fake(ACCEPTS, 1, true, "is gone: the connection ended");
    check_fake(ACCEPTS "\x88\x0f\x03\xf1"
                       "shutting down",
               1, false, "closed the connection: shutting down (1009)");
    check_fake(ACCEPTS "\x88\x02\x03\xe9", 1, false, "is going away");
}

/* Who closed, and why, whatever the code. */
static void test_closes(void **state)
{
    (void)state;
    static const struct {
        const char *frame, *words;
    } rows[] = {
        {"\x88\x02\x03\xe8", "closed the connection: it has ended the visit (1000)"},
        {"\x88\x02\x03\xea", "closed the connection: it says that we broke the WebSocket"},
        {"\x88\x02\x03\xeb", "closed the connection: it does not take that kind"},
        {"\x88\x02\x03\xef", "closed the connection: it says that a message of ours is not"},
        {"\x88\x02\x03\xf0", "closed the connection: we broke a rule of its own (1008)"},
        {"\x88\x02\x03\xf1", "closed the connection: a message of ours is too big for it (1009)"},
        {"\x88\x02\x03\xf2", "closed the connection: it misses an extension (1010)"},
        {"\x88\x02\x03\xf3", "closed the connection: it has failed (1011)"},
        {"\x88\x02\x03\xf4", "closed the connection: it restarts (1012)"},
        {"\x88\x02\x03\xf5", "closed the connection: it has too much to do"},
        {"\x88\x02\x03\xf6", "closed the connection: what stands in front of it"},
        {"\x88\x02\x0f\xa0", "closed the connection: no reason given (4000)"},
        {"\x83\x01x", "breaks the rules: the WebSocket protocol was broken; we closed the "
                      "connection (1002)"},
        {"\x82\x01x", "breaks the rules: a binary message came where only text is understood; "
                      "we closed the connection (1003)"},
        {"\x81\x01\xff", "breaks the rules: a message is not UTF-8; we closed the connection "
                         "(1007)"},
        {"\x81\x7f\x01\x01\x01\x01\x01\x01\x01\x01x",
         "breaks the rules: a message is too big; we closed the connection (1009)"},
    };
    log_configure(LOG_ERROR, LOG_TEXT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char answer[256];
        snprintf(answer, sizeof answer, "%s%s", ACCEPTS, rows[i].frame);
        check_fake(answer, 1, false, rows[i].words);
    }
}

/* What a server says at once does not count as a part of its head. */
static void test_much_behind_the_head(void **state)
{
    (void)state;
    enum { SDP_LEN = 40000 };
    static const char before[] = ACCEPTS "\x81\x7e\x9c\x59{\"type\":\"offer\",\"sdp\":\"";
    static char sdp[SDP_LEN + 1];
    memset(sdp, 'x', SDP_LEN);
    log_configure(LOG_ERROR, LOG_TEXT);
    char *answer = xasprintf("%s%s\"}", before, sdp);
    char *expected = xasprintf("offer - %s\n", sdp);
    struct loop *loop = loop_new();
    struct fake f;
    struct visit v;
    fake_start(&f, loop, answer);
    visit_begin(&v, loop, f.url, NULL, "r");
    expect(&v, expected);
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
    free(answer);
    free(expected);
}

/* A server that is not heard any more, though it is heard from: nothing but the
 * answer to the last probe shows that the way there is open. */
static void check_probe(unsigned probes, const char *frames, size_t len, bool is_given_up)
{
    struct loop *loop = loop_new();
    struct fake f;
    struct visit v;
    fake_start(&f, loop, ACCEPTS);
    visit_begin(&v, loop, f.url, NULL, "r");
    run_until(loop, &v.is_open);
    for (unsigned i = 0; i < probes; i++)
        signal_client_probe(v.client);
    conn_write(f.conn, span_of(frames, len));
    conn_write(f.conn, SPAN_LITERAL("\x81\x0e{\"type\":\"bye\"}"));
    expect(&v, "bye - -\n");
    machine_sleeps(SIGNAL_CLIENT_PROBE_US / US_PER_S + 1);
    if (is_given_up)
        expect_close(&v, "is silent; given up");
    run_for(loop, US_PER_MS);
    assert_int_equal(v.is_closed, is_given_up);
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
    machine_forgets_sleep();
}

#define FRAMES(literal) literal, sizeof(literal) - 1

static void test_probes(void **state)
{
    (void)state;
    log_configure(LOG_ERROR, LOG_TEXT);
    check_probe(0, FRAMES(""), false);
    check_probe(1, FRAMES(""), true);
    check_probe(1, FRAMES("\x8a\0"), true);
    check_probe(1, FRAMES("\x8a\x08\0\0\0\0\0\0\0\x02"), true);
    check_probe(1, FRAMES("\x8a\x08\0\0\0\0\0\0\0\x01"), false);
    check_probe(2, FRAMES("\x8a\x08\0\0\0\0\0\0\0\x01"), true);
    check_probe(2, FRAMES("\x8a\x08\0\0\0\0\0\0\0\x02"), false);
}

/* After a sleep it is asked, rather than believed for as long again. */
static void test_probe_after_a_sleep(void **state)
{
    (void)state;
    log_configure(LOG_ERROR, LOG_TEXT);
    struct loop *loop = loop_new();
    struct fake f;
    struct visit v;
    fake_start(&f, loop, ACCEPTS);
    visit_begin(&v, loop, f.url, NULL, "r");
    run_until(loop, &v.is_open);
    run_for(loop, US_PER_MS);
    machine_sleeps((SIGNAL_CLIENT_PING_US + WAKE_WATCH_LEAST_US) / US_PER_S + 1);
    conn_write(f.conn, SPAN_LITERAL("\x81\x0e{\"type\":\"bye\"}"));
    expect(&v, "bye - -\n");
    machine_sleeps(SIGNAL_CLIENT_PROBE_US / US_PER_S + 1);
    expect_close(&v, "is silent; given up");
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
    machine_forgets_sleep();
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
    expect(&v, "joined id -\n");
    assert_true(signal_client_has_address(v.client));
    assert_true(add_address("lo:2", "198.51.100.129", "255.255.255.128"));
    assert_false(signal_client_has_address(v.client));
    visit_end(&v);
    signal_server_close(server);
    loop_free(loop);
}

static void test_flood_is_given_up(void **state)
{
    (void)state;
    static const char frame[] = "\x81\x22{\"type\":\"peer-joined\",\"peerId\":\"\"}";
    log_configure(LOG_ERROR, LOG_TEXT);
    struct loop *loop = loop_new();
    struct fake f;
    fake_start(&f, loop, ACCEPTS);
    struct visit v;
    visit_begin(&v, loop, f.url, NULL, "r");
    run_until(loop, &v.is_open);
    for (int i = 0; i < 2000; i++)
        conn_write(f.conn, SPAN_LITERAL(frame));
    expect_close(&v, "sends too many messages; given up");
    size_t messages = 0;
    struct span got = buf_bytes(&v.messages);
    for (size_t i = 0; i < got.len; i++)
        messages += got.data[i] == '\n';
    /* A slow machine refills the bucket meanwhile. */
    assert_in_range(messages, SIGNAL_CLIENT_MESSAGES_BURST, SIGNAL_CLIENT_MESSAGES_BURST + 400);
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
}

static void test_malformed_messages_are_dropped(void **state)
{
    (void)state;
    log_configure(LOG_ERROR, LOG_TEXT);
    struct loop *loop = loop_new();
    struct fake f;
    fake_start(&f, loop,
               ACCEPTS "\x81\x01{"
                       "\x81\x10{\"type\":\"dance\"}"
                       "\x81\x0f{\"type\":\"offer\""
                       "\x81\x0e{\"type\":\"bye\"}");
    struct visit v;
    visit_begin(&v, loop, f.url, NULL, "r");
    expect(&v, "bye - -\n");
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
}

static void test_unreachable_servers(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct fake f;
    fake_start(&f, loop, NULL);
    listener_close(f.listener);
    f.listener = NULL;
    struct visit v;
    visit_begin(&v, loop, f.url, NULL, "r");
    expect_close(&v, "cannot be reached: connection refused");
    visit_end(&v);
    fake_stop(&f);
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
        expect_close(&v, words);
    else
        expect(&v, "bye - -\n");
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
    check_tls(&good, NULL, "cannot be reached: the server's certificate is refused");
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
        cmocka_unit_test(test_wrong_servers),
        cmocka_unit_test(test_closes),
        cmocka_unit_test(test_much_behind_the_head),
        cmocka_unit_test(test_probes),
        cmocka_unit_test(test_probe_after_a_sleep),
        cmocka_unit_test(test_flood_is_given_up),
        cmocka_unit_test(test_malformed_messages_are_dropped),
        cmocka_unit_test(test_unreachable_servers),
        cmocka_unit_test(test_wss),
        /* Last: the process does not leave its new network. */
        cmocka_unit_test(test_another_way_to_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
