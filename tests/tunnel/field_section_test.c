/*
 * Heads in bytes: there and back without a loss, what is refused, and each
 * payload cut at every byte, flush against a guard page.
 */
#include "testing.h"

#include <errno.h>
#include <stdlib.h>

#include "tunnel/field_section.h"
#include "tunnel/frame.h"

typedef int (*head_decoder)(struct span payload, struct head *out);

static struct http_field field(const char *name, const char *value)
{
    return (struct http_field){span_from_string(name), span_from_string(value)};
}

static void add(struct head *head, const char *name, const char *value)
{
    head_add(head, span_from_string(name), span_from_string(value));
}

static struct head a_request(const char *method, const char *target, enum http_framing framing)
{
    struct head head;
    head_init(&head);
    head.method = span_from_string(method);
    head.target = span_from_string(target);
    head.framing = framing;
    return head;
}

static struct head a_response(int status, enum http_framing framing)
{
    struct head head;
    head_init(&head);
    head.status = status;
    head.reason = SPAN_LITERAL("Fine");
    head.framing = framing;
    return head;
}

static void assert_same_fields(struct http_fields a, struct http_fields b)
{
    assert_int_equal(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        assert_true(span_is_equal(a.at[i].name, b.at[i].name));
        assert_true(span_is_equal(a.at[i].value, b.at[i].value));
    }
}

/* Encodes and decodes; the spans of *out stay valid until the guard is
 * freed. */
static int pass_on(const struct head *head, struct head *out, struct guard *g)
{
    struct buf buf;
    bool is_request = head->method.len > 0;
    buf_init(&buf, FRAME_PAYLOAD_MAX);
    assert_int_equal(is_request ? request_fields_encode(head, &buf)
                                : response_fields_encode(head, &buf),
                     0);
    *g = guard_new(buf_bytes(&buf).data, buf.len);
    buf_deinit(&buf);
    head_init(out);
    return is_request ? request_fields_decode(g->bytes, out)
                      : response_fields_decode(g->bytes, out);
}

static void assert_passes(const struct head *head)
{
    struct guard g;
    struct head got;
    assert_int_equal(pass_on(head, &got, &g), 0);
    assert_true(span_is_equal(got.method, head->method));
    assert_true(span_is_equal(got.target, head->target));
    assert_true(span_is_equal(got.reason, head->reason));
    assert_int_equal(got.status, head->status);
    assert_int_equal(got.framing, head->framing);
    assert_true(got.is_framing_known);
    assert_same_fields(head_fields(&got), head_fields(head));
    guard_free(&g);
}

static void assert_is_refused(const struct head *head)
{
    struct guard g;
    struct head got;
    assert_int_equal(pass_on(head, &got, &g), -EINVAL);
    guard_free(&g);
}

static void test_nothing_is_lost(void **state)
{
    (void)state;
    struct head request = a_request("POST", "/v1/chat?x=%20", HTTP_BODY_UNKNOWN);
    add(&request, "X-B", "1");
    add(&request, "x-a", "caf\xc3\xa9 \xff\t!");
    add(&request, "X-B", "");
    add(&request, "cookie", "k=1");
    add(&request, "Cookie", "l=2");
    add(&request, "TE", "trailers");
    assert_passes(&request);

    struct head response = a_response(200, HTTP_BODY_LENGTH);
    add(&response, "Set-Cookie", "a=1");
    add(&response, "set-cookie", "b=2; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    add(&response, "Content-Length", "0");
    assert_passes(&response);
    response.reason = SPAN_LITERAL("G\xfct");
    assert_passes(&response);
}

static void test_framings(void **state)
{
    (void)state;
    struct head head = a_request("GET", "/", HTTP_BODY_NONE);
    assert_passes(&head);
    head = a_request("GET", "/", HTTP_BODY_PIPE);
    add(&head, "Upgrade", "websocket");
    assert_passes(&head);
    head = a_request("CONNECT", "[::1]:443", HTTP_BODY_PIPE);
    assert_passes(&head);
    head = a_request("OPTIONS", "*", HTTP_BODY_NONE);
    assert_passes(&head);
    head = a_response(200, HTTP_BODY_UNKNOWN);
    assert_passes(&head);
    head = a_response(101, HTTP_BODY_PIPE);
    add(&head, "Upgrade", "websocket");
    assert_passes(&head);
    head = a_response(304, HTTP_BODY_NONE); /* says how long it would be */
    add(&head, "Content-Length", "5");
    assert_passes(&head);
}

static void test_refused_targets(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target;
        enum http_framing framing;
    } rows[] = {
        {"G T", "/", HTTP_BODY_NONE},
        {"GET", "", HTTP_BODY_NONE},
        {"GET", "x", HTTP_BODY_NONE},
        {"GET", "*", HTTP_BODY_NONE},
        {"GET", "/ HTTP/1.1", HTTP_BODY_NONE},
        {"GET", "/\r\nX: y", HTTP_BODY_NONE},
        {"GET", "/#f", HTTP_BODY_NONE},
        {"GET", "/\xff", HTTP_BODY_NONE},
        {"GET", "http://a/", HTTP_BODY_NONE},
        {"GET", "/", HTTP_BODY_PIPE}, /* to which protocol? */
        {"CONNECT", "a:1", HTTP_BODY_NONE},
        {"CONNECT", "/", HTTP_BODY_PIPE},
        {"CONNECT", ":1", HTTP_BODY_PIPE},
        {"CONNECT", "a", HTTP_BODY_PIPE},
        {"CONNECT", "u@a:1", HTTP_BODY_PIPE},
        {"CONNECT", "a:1/x", HTTP_BODY_PIPE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct head head = a_request(rows[i].method, rows[i].target, rows[i].framing);
        assert_is_refused(&head);
    }
}

static void test_refused_fields(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"a b", "c"},
        {"a:", "c"},
        {"", "c"},
        {"a", "b\r\nc: d"},
        {"a", "b\ne"},
        {"a", "\x01"},
        {"a", "\x7f"},
        {"Connection", "close"},
        {"connection", "a"},
        {"Keep-Alive", "1"},
        {"TE", "gzip"},
        {"Transfer-Encoding", "chunked"},
        {"Upgrade", "h2c"},
        {"Proxy-Connection", "x"},
        {"Content-Length", "5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct head request = a_request("POST", "/", HTTP_BODY_UNKNOWN);
        add(&request, rows[i][0], rows[i][1]);
        assert_is_refused(&request);
        struct head response = a_response(200, HTTP_BODY_UNKNOWN);
        add(&response, rows[i][0], rows[i][1]);
        assert_is_refused(&response);
    }
    struct head te = a_response(200, HTTP_BODY_UNKNOWN);
    add(&te, "TE", "trailers");
    assert_is_refused(&te);
}

static void test_refused_lengths(void **state)
{
    (void)state;
    struct head head = a_request("POST", "/", HTTP_BODY_LENGTH);
    assert_is_refused(&head); /* which? */
    add(&head, "Content-Length", "5");
    assert_passes(&head);
    add(&head, "content-length", "5");
    assert_is_refused(&head);
    head = a_request("POST", "/", HTTP_BODY_LENGTH);
    add(&head, "Content-Length", "5, 5");
    assert_is_refused(&head);
    head = a_request("GET", "/", HTTP_BODY_NONE);
    add(&head, "Content-Length", "0");
    assert_is_refused(&head);
    head = a_request("CONNECT", "a:1", HTTP_BODY_PIPE);
    add(&head, "Content-Length", "0");
    assert_is_refused(&head);
}

static void test_refused_responses(void **state)
{
    (void)state;
    static const int statuses[] = {0, 99, 1000, 65535};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct head head = a_response(statuses[i], HTTP_BODY_NONE);
        assert_is_refused(&head);
    }
    struct head head = a_response(200, HTTP_BODY_NONE);
    head.reason = SPAN_LITERAL("OK\r\nX: y");
    assert_is_refused(&head);
}

static void assert_cuts_are_refused(head_decoder decode, struct span payload, size_t head_len)
{
    for (size_t len = 0; len < payload.len; len++) {
        struct guard g = guard_new(payload.data, len);
        struct head head;
        head_init(&head);
        /* Between two fields it is a shorter head. */
        int expected = len == head_len ? 0 : -EINVAL;
        assert_int_equal(decode(g.bytes, &head), expected);
        guard_free(&g);
    }
}

static void test_every_cut(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, FRAME_PAYLOAD_MAX);
    struct head head = a_request("GET", "/path", HTTP_BODY_NONE);
    add(&head, "Accept", "text/html");
    assert_int_equal(request_fields_encode(&head, &buf), 0);
    assert_cuts_are_refused(request_fields_decode, buf_bytes(&buf), 1 + 1 + 3 + 2 + 5);
    buf_clear(&buf);
    head = a_response(404, HTTP_BODY_NONE);
    add(&head, "Server", "x");
    assert_int_equal(response_fields_encode(&head, &buf), 0);
    assert_cuts_are_refused(response_fields_decode, buf_bytes(&buf), 1 + 2 + 1 + 4);
    buf_deinit(&buf);
}

/* A length that points beyond the payload's end, in each of the places. */
static void test_lying_lengths(void **state)
{
    (void)state;
    static const uint8_t rows[][8] = {
        {0, 255, 'G', 'E', 'T', 0, 1, '/'},
        {0, 3, 'G', 'E', 'T', 255, 255, '/'},
        {0, 0, 200, 255, 'O', 'K', 0, 1},
        {0, 0, 200, 0, 0, 9, 'a', 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guard g = guard_new(rows[i], sizeof rows[i]);
        struct head head;
        head_init(&head);
        assert_int_equal(i < 2 ? request_fields_decode(g.bytes, &head)
                               : response_fields_decode(g.bytes, &head),
                         -EINVAL);
        guard_free(&g);
    }
}

static void test_caps(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, FRAME_MAX);
    struct head head = a_request("GET", "/", HTTP_BODY_NONE);
    for (int i = 0; i < HTTP_FIELDS_MAX; i++)
        add(&head, "a", "");
    assert_passes(&head);
    add(&head, "a", "");
    assert_is_refused(&head);

    static uint8_t value[FRAME_PAYLOAD_MAX];
    memset(value, 'v', sizeof value);
    head = a_request("GET", "/", HTTP_BODY_NONE);
    size_t most = FRAME_PAYLOAD_MAX - (1 + 1 + 3 + 2 + 1) - (2 + 1 + 2);
    head_add(&head, SPAN_LITERAL("a"), span_of(value, most));
    assert_passes(&head);
    head.at[0].value.len++;
    assert_int_equal(request_fields_encode(&head, &buf), -EMSGSIZE);
    assert_int_equal(buf.len, 0);

    head = a_request("GET", "/", HTTP_BODY_NONE);
    head.method = span_of(value, 256);
    assert_int_equal(request_fields_encode(&head, &buf), -EMSGSIZE);
    static uint8_t target[HTTP_TARGET_MAX + 1];
    memset(target, '/', sizeof target);
    head = a_request("GET", "", HTTP_BODY_NONE);
    head.target = span_of(target, HTTP_TARGET_MAX);
    assert_passes(&head);
    head.target.len++;
    assert_is_refused(&head);
    buf_deinit(&buf);
}

static void test_long_reason_is_left_out(void **state)
{
    (void)state;
    static uint8_t reason[256];
    memset(reason, 'r', sizeof reason);
    struct head head = a_response(200, HTTP_BODY_NONE);
    struct head got;
    struct guard g;
    head.reason = span_of(reason, sizeof reason);
    assert_int_equal(pass_on(&head, &got, &g), 0);
    assert_int_equal(got.reason.len, 0);
    guard_free(&g);
}

static void test_trailers(void **state)
{
    (void)state;
    struct http_field sent[] = {field("Grpc-Status", "0"), field("X", "")};
    struct http_field got[HTTP_FIELDS_MAX];
    struct buf buf;
    size_t count;
    buf_init(&buf, FRAME_PAYLOAD_MAX);
    assert_int_equal(trailers_encode((struct http_fields){sent, 2}, &buf), 0);
    for (size_t len = 0; len <= buf.len; len++) {
        struct guard g = guard_new(buf_bytes(&buf).data, len);
        bool is_whole = len == 0 || len == 2 + 11 + 2 + 1 || len == buf.len;
        assert_int_equal(trailers_decode(g.bytes, got, &count), is_whole ? 0 : -EINVAL);
        if (len == buf.len)
            assert_same_fields((struct http_fields){got, count}, (struct http_fields){sent, 2});
        guard_free(&g);
    }
    static const char *const barred[] = {"Content-Length", "Host",    "Transfer-Encoding",
                                         "Connection",     "Upgrade", "TE",
                                         "Trailer"};
    for (size_t i = 0; i < sizeof barred / sizeof *barred; i++) {
        struct http_field bad = field(barred[i], "1");
        buf_clear(&buf);
        assert_int_equal(trailers_encode((struct http_fields){&bad, 1}, &buf), 0);
        assert_int_equal(trailers_decode(buf_bytes(&buf), got, &count), -EINVAL);
    }
    buf_deinit(&buf);
}

/* A copy owns what the head had borrowed. */
static void test_copy(void **state)
{
    (void)state;
    char value[] = "value";
    struct head head = a_request("GET", "/x", HTTP_BODY_NONE);
    add(&head, "Name", value);
    add(&head, "Empty", "");
    struct head *copy = head_copy(&head);
    memset(value, 'X', sizeof value - 1);
    assert_true(span_is_string(copy->method, "GET"));
    assert_true(span_is_string(copy->target, "/x"));
    assert_int_equal(copy->count, 2);
    assert_true(span_is_string(copy->at[0].name, "Name"));
    assert_true(span_is_string(copy->at[0].value, "value"));
    head_remove(copy, "name");
    assert_int_equal(copy->count, 1);
    assert_true(span_is_string(copy->at[0].name, "Empty"));
    head_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost),
        cmocka_unit_test(test_framings),
        cmocka_unit_test(test_refused_targets),
        cmocka_unit_test(test_refused_fields),
        cmocka_unit_test(test_refused_lengths),
        cmocka_unit_test(test_refused_responses),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_lying_lengths),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_long_reason_is_left_out),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
