/*
 * The signal client with servers that are wrong in every way that a person
 * meets. What it then says is half of its worth.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "net/wake_watch.h"
#include "signal/fake_server.h"
#include "signal/visit.h"
#include "sleeping.h"

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
    visit_expect_close(&v, words);
    if (strstr(words, "in time"))
        assert_non_null(strstr(v.slow, "accepts the connection, but does not answer yet"));
    /* It names the server. */
    assert_non_null(strstr(v.text, strrchr(f.url, '/') + 1));
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
}

static void test_wrong_servers(void **state)
{
    (void)state;
    log_configure(LOG_ERROR, LOG_TEXT);
    check_fake(NULL, 1, false, "accepted the connection but did not answer in time");
    check_fake(NULL, 1, true, "ended the connection instead of answering");
    check_fake("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 1, false,
               "answered HTTP 404: there is no signal server at that path");
    check_fake("HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\n", 1, false,
               "answered HTTP 301: it has moved to /x");
    check_fake("HTTP/1.1 308 Moved\r\nLocation: https://h.example/s\r\n\r\n", 1, false,
               "it has moved to wss://h.example/s");
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
    visit_expect(&v, expected);
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
    visit_expect(&v, "bye - -\n");
    machine_sleeps(SIGNAL_CLIENT_PROBE_US / US_PER_S + 1);
    if (is_given_up)
        visit_expect_close(&v, "is silent; given up");
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
    visit_expect(&v, "bye - -\n");
    machine_sleeps(SIGNAL_CLIENT_PROBE_US / US_PER_S + 1);
    visit_expect_close(&v, "is silent; given up");
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
    machine_forgets_sleep();
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
    visit_expect_close(&v, "sends too many messages; given up");
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
    visit_expect(&v, "bye - -\n");
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
    visit_expect_close(&v, "cannot be reached: connection refused");
    visit_end(&v);
    visit_begin(&v, loop, "ws://127.9.8.7", NULL, "r"); /* which port that is, not all know */
    visit_expect_close(&v, "at 127.9.8.7 cannot be reached: connection refused at port 80");
    visit_end(&v);
    fake_stop(&f);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_servers),
        cmocka_unit_test(test_closes),
        cmocka_unit_test(test_much_behind_the_head),
        cmocka_unit_test(test_probes),
        cmocka_unit_test(test_probe_after_a_sleep),
        cmocka_unit_test(test_flood_is_given_up),
        cmocka_unit_test(test_malformed_messages_are_dropped),
        cmocka_unit_test(test_unreachable_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
