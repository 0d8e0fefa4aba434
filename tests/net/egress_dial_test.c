/*
 * A proxy that breaks off, in the loop of who dials it, so that what it says
 * and how it ends are there together: an end with something unread is a reset.
 */
#include "net/egress_dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net_testing.h"

#define REFUSAL "HTTP/1.1 400 Bad Request\r\n\r\n"

enum moment { AT_ONCE, WHEN_ASKED, WHEN_READ };

/* A reset behind an end is EPIPE to Linux. */
enum ending { CLOSES, RESETS, ENDS_AND_RESETS };

struct row {
    const char *scheme;
    enum moment moment;
    enum ending ending;
    struct span says;
    int error;
    const char *text; /* it begins so behind its name; OpenSSL has words of its own */
};

struct rig {
    const struct row *row;
    struct loop *loop;
    int listener, client;
    struct fd_watch *accepting, *reading;
    bool is_over;
    int error;
    char text[256];
};

static void break_off(struct rig *rig)
{
    const struct row *row = rig->row;
    uint8_t asked[4096];
    if (row->moment == WHEN_READ)
        assert_true(recv(rig->client, asked, sizeof asked, 0) > 0);
    if (row->says.len > 0)
        assert_int_equal(send(rig->client, row->says.data, row->says.len, 0), row->says.len);
    if (row->ending == ENDS_AND_RESETS)
        assert_int_equal(shutdown(rig->client, SHUT_WR), 0);
    if (row->ending != CLOSES) {
        const struct linger now = {.l_onoff = 1};
        assert_int_equal(setsockopt(rig->client, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    }
    fd_watch_free(rig->reading);
    rig->reading = NULL;
    close(rig->client);
    rig->client = -1;
}

static void on_asked(int events, void *arg)
{
    (void)events;
    break_off(arg);
}

static void on_client(int events, void *arg)
{
    struct rig *rig = arg;
    (void)events;
    rig->client = accept(rig->listener, NULL, NULL);
    assert_true(rig->client >= 0);
    if (rig->row->moment == AT_ONCE)
        break_off(rig);
    else
        rig->reading = fd_watch_new(rig->loop, rig->client, FD_READABLE, on_asked, rig);
}

static void on_done(const struct egress_end *end, void *arg)
{
    struct rig *rig = arg;
    rig->is_over = true;
    rig->error = end->error;
    assert_int_equal(end->fd, -1);
    snprintf(rig->text, sizeof rig->text, "%s", end->text);
}

static uint16_t listen_at_any(struct rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    rig->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(rig->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(rig->listener, 1), 0);
    assert_int_equal(getsockname(rig->listener, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

static void check(const struct row *row)
{
    struct rig rig = {.row = row, .loop = loop_new(), .client = -1};
    struct egress *egress;
    const char *why;
    uint16_t port = listen_at_any(&rig);
    char url[64], wanted[256];
    snprintf(url, sizeof url, "%s://127.0.0.1:%u", row->scheme, port);
    snprintf(wanted, sizeof wanted, "the proxy %s%s", url, row->text);
    assert_int_equal(egress_new(url, NULL, &egress, &why), 0);
    rig.accepting = fd_watch_new(rig.loop, rig.listener, FD_READABLE, on_client, &rig);
    egress_dial_new(rig.loop, egress, "signal.test", 443, on_done, &rig);
    run_until(rig.loop, &rig.is_over);
    if (strncmp(rig.text, wanted, strlen(wanted)) != 0)
        assert_string_equal(rig.text, wanted);
    assert_int_equal(rig.error, row->error);
    fd_watch_free(rig.accepting);
    close(rig.listener);
    egress_free(egress);
    loop_free(rig.loop);
}

#define NO_TLS \
    " ended the connection in the TLS handshake; perhaps http:// is meant, without an 's'"
#define NO_ANSWER " ended the connection instead of answering"

/* handshake_failure (RFC 8446 section 6), and a ServerHello of no bytes, which
 * is answered by an alert. */
static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 40};
static const uint8_t bad_hello[] = {22, 3, 3, 0, 4, 2, 0, 0, 0};

static void test_tls(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"https", AT_ONCE, CLOSES, {0}, -ECONNRESET, NO_TLS},
        {"https", AT_ONCE, ENDS_AND_RESETS, {0}, -ECONNRESET, NO_TLS},
        {"https", WHEN_ASKED, CLOSES, {0}, -ECONNRESET, NO_TLS},
        {"https", WHEN_ASKED, RESETS, {0}, -ECONNRESET, NO_TLS},
        {"https", WHEN_READ, CLOSES, {0}, -ECONNRESET, NO_TLS},
        {"https", WHEN_READ, RESETS, {0}, -ECONNRESET, NO_TLS},
        {"https", WHEN_ASKED, CLOSES, span_from_string(REFUSAL), -EPROTO,
         ": there is no TLS at that port; perhaps http:// is meant, without an 's'"},
        {"https", WHEN_READ, CLOSES, span_from_string(REFUSAL), -EPROTO,
         ": there is no TLS at that port; perhaps http:// is meant, without an 's'"},
        {"https", WHEN_ASKED, CLOSES, span_of(alert, sizeof alert), -EPROTO, ": TLS failed: "},
        {"https", WHEN_ASKED, CLOSES, span_of(bad_hello, sizeof bad_hello), -EPROTO,
         ": TLS failed: "},
        {"https", WHEN_READ, RESETS, span_of(bad_hello, sizeof bad_hello), -EPROTO,
         ": TLS failed: "},
        {"https", WHEN_READ, ENDS_AND_RESETS, span_of(bad_hello, sizeof bad_hello), -EPROTO,
         ": TLS failed: "},
        {"https", WHEN_READ, CLOSES, span_of(bad_hello, sizeof bad_hello), -EPROTO,
         ": TLS failed: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i]);
}

/* No login is wanted (RFC 1928 section 3). */
static const uint8_t welcome[] = {5, 0};

static void test_plain(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"http", AT_ONCE, CLOSES, {0}, -ECONNRESET, NO_ANSWER},
        {"http", AT_ONCE, ENDS_AND_RESETS, {0}, -ECONNRESET, NO_ANSWER},
        {"http", WHEN_ASKED, CLOSES, {0}, -ECONNRESET, NO_ANSWER},
        {"http", WHEN_READ, RESETS, {0}, -ECONNRESET, NO_ANSWER},
        {"socks5h", AT_ONCE, CLOSES, {0}, -ECONNRESET, NO_ANSWER},
        {"socks5h", WHEN_ASKED, RESETS, {0}, -ECONNRESET, NO_ANSWER},
        {"socks5h", WHEN_READ, CLOSES, span_from_string("\5\2"), -EPROTO,
         " wants a user and a password, or lets nobody in"},
        {"socks5h", WHEN_READ, ENDS_AND_RESETS, span_of(welcome, sizeof welcome), -ECONNRESET,
         NO_ANSWER},
        {"http", WHEN_ASKED, CLOSES, span_from_string(REFUSAL), -EPROTO,
         " could not connect us to signal.test:443 (HTTP 400)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
