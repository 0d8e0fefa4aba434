#include "net/egress_talk.h"

#include "testing.h"

/* What a proxy is told and what it answers, by turns; ends with its last
 * answer. */
struct talk {
    const char *url;
    const char *host;
    struct step {
        struct span said;
        struct span answer;
    } steps[4];
    enum egress_status status;
    const char *error; /* of REFUSED */
};

#define S(literal) SPAN_LITERAL(literal)

static const struct talk talks[] = {
    {"http://proxy",
     "example.org",
     {{S("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"),
       S("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n")}},
     EGRESS_THROUGH,
     NULL},
    {"http://proxy",
     "2001:db8::1",
     {{S("CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n"),
       S("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 \n\n")}},
     EGRESS_THROUGH,
     NULL},
    {"http://Aladdin:open%20sesame@proxy",
     "x",
     {{S("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n"
         "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"),
       S("HTTP/1.1 407 No\r\n\r\n")}},
     EGRESS_REFUSED,
     "does not know this user or password (HTTP 407)"},
    {"http://%ff:%fe%ff@proxy",
     "x", /* both characters that are others in URLs, no padding */
     {{S("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n"
         "Proxy-Authorization: Basic /zr+/w==\r\n\r\n"),
       S("HTTP/1.1 403 No\r\n\r\n")}},
     EGRESS_REFUSED,
     "does not let us connect to x:443 (HTTP 403)"},
    {"http://proxy",
     "x",
     {{S("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"), S("HTTP/1.1 407 No\r\n\r\n")}},
     EGRESS_REFUSED,
     "wants a user and a password (HTTP 407)"},
    {"http://proxy",
     "x",
     {{S("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"), S("HTTP/1.1 502 Bad\r\n\r\n")}},
     EGRESS_REFUSED,
     "could not connect us to x:443 (HTTP 502)"},
    {"http://proxy",
     "x",
     {{S("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"), S("S")}},
     EGRESS_REFUSED,
     "does not speak HTTP"},
    {"http://proxy",
     "x",
     {{S("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"), S("HTTP/1.1 2x0 \r\n\r\n")}},
     EGRESS_REFUSED,
     "does not speak HTTP"},
    {"socks5h://proxy",
     "example.org",
     {{S("\5\1\0"), S("\5\0")}, {S("\5\1\0\3\013example.org\1\xbb"), S("\5\0\0\1\1\2\3\4\5\6")}},
     EGRESS_THROUGH,
     NULL},
    {"socks5h://proxy",
     "192.0.2.1",
     {{S("\5\1\0"), S("\5\0")}, {S("\5\1\0\1\300\0\2\1\1\xbb"), S("\5\0\0\3\4name\5\6")}},
     EGRESS_THROUGH,
     NULL},
    {"socks5h://me:pw@proxy",
     "::1",
     {{S("\5\2\0\2"), S("\5\2")},
      {S("\1\2me\2pw"), S("\1\0")},
      {S("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\xbb"), S("\5\0\0\4abcdefghijklmnop\5\6")}},
     EGRESS_THROUGH,
     NULL},
    {"socks5h://me:pw@proxy",
     "x",
     {{S("\5\2\0\2"), S("\5\2")}, {S("\1\2me\2pw"), S("\1\1")}},
     EGRESS_REFUSED,
     "does not know this user or password"},
    {"socks5h://proxy",
     "x",
     {{S("\5\1\0"), S("\5\xff")}},
     EGRESS_REFUSED,
     "wants a user and a password, or lets nobody in"},
    {"socks5h://me:pw@proxy",
     "x",
     {{S("\5\2\0\2"), S("\5\xff")}},
     EGRESS_REFUSED,
     "takes neither a user and password nor nobody"},
    {"socks5h://proxy",
     "x",
     {{S("\5\1\0"), S("\5\0")}, {S("\5\1\0\3\1x\1\xbb"), S("\5\5\0\1\0")}},
     EGRESS_REFUSED,
     "was refused by x:443 (SOCKS 5)"},
    {"socks5h://proxy",
     "x",
     {{S("\5\1\0"), S("\5\0")}, {S("\5\1\0\3\1x\1\xbb"), S("\5\77\0\1\0")}},
     EGRESS_REFUSED,
     "could not connect us to x:443 (SOCKS 63)"},
    {"socks5h://proxy", "x", {{S("\5\1\0"), S("HT")}}, EGRESS_REFUSED, "does not speak SOCKS 5"},
    {"socks5h://proxy",
     "x",
     {{S("\5\1\0"), S("\5\0")}, {S("\5\1\0\3\1x\1\xbb"), S("\5\0\0\2\0")}},
     EGRESS_REFUSED,
     "does not speak SOCKS 5"},
};

enum { TALKS = sizeof talks / sizeof *talks };

/* Feeds what it wants of the answer, at most so much at a time. */
static enum egress_status feed(struct egress_talk *talk, struct span answer, size_t most)
{
    enum egress_status status = EGRESS_ASKING;
    while (answer.len > 0 && status == EGRESS_ASKING) {
        size_t len = egress_talk_wants(talk);
        assert_in_range(len, 1, EGRESS_WANTS_MAX);
        len = len < most ? len : most;
        len = len < answer.len ? len : answer.len;
        status = egress_talk_feed(talk, span_of(answer.data, len));
        answer = span_skip(answer, len);
    }
    assert_int_equal(answer.len, 0); /* nothing behind the end was needed */
    return status;
}

static void run(const struct talk *t, size_t most)
{
    struct egress *egress;
    const char *why;
    assert_int_equal(egress_new(t->url, NULL, &egress, &why), 0);
    struct egress_talk *talk = egress_talk_new(egress, t->host, 443);
    enum egress_status status = EGRESS_ASKING;
    for (size_t i = 0; t->steps[i].said.len > 0; i++) {
        struct span said = egress_talk_take(talk);
        assert_int_equal(status, EGRESS_ASKING);
        assert_int_equal(said.len, t->steps[i].said.len);
        assert_memory_equal(said.data, t->steps[i].said.data, said.len);
        assert_int_equal(egress_talk_take(talk).len, 0);
        status = feed(talk, t->steps[i].answer, most);
    }
    assert_int_equal(status, t->status);
    if (t->error)
        assert_string_equal(egress_talk_error(talk), t->error);
    egress_talk_free(talk);
    egress_free(egress);
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < TALKS; i++)
        run(&talks[i], SIZE_MAX);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < TALKS; i++)
        run(&talks[i], 1);
}

static void test_endless_head(void **state)
{
    (void)state;
    struct egress *egress;
    const char *why;
    assert_int_equal(egress_new("http://proxy", NULL, &egress, &why), 0);
    struct egress_talk *talk = egress_talk_new(egress, "x", 443);
    enum egress_status status = feed(talk, S("HTTP/1.1 200 OK\r\nA: "), 1);
    int fed = 0;
    for (; status == EGRESS_ASKING && fed < 100000; fed++)
        status = egress_talk_feed(talk, S("a"));
    assert_int_equal(status, EGRESS_REFUSED);
    egress_talk_free(talk);
    egress_free(egress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_endless_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
