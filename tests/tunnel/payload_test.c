/*
 * JSON payloads: what we write, what we accept, what we refuse; each accepted
 * one also cut at every byte, flush against a guard page.
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tunnel/payload.h"

typedef int (*head_decoder)(struct span json, struct head *out);

static int decode(head_decoder decoder, const char *json, struct head *out)
{
    struct guard g = guard_new(json, strlen(json));
    head_init(out);
    int result = decoder(g.bytes, out);
    guard_free(&g);
    return result;
}

/* No prefix of a JSON object is one. */
static void assert_no_prefix_decodes(head_decoder decoder, const char *json)
{
    for (size_t len = 0; len < strlen(json); len++) {
        struct guard g = guard_new(json, len);
        struct head head;
        head_init(&head);
        assert_int_equal(decoder(g.bytes, &head), -EINVAL);
        head_deinit(&head);
        guard_free(&g);
    }
}

static void assert_field(const struct head *head, size_t i, const char *name, const char *value)
{
    assert_true(i < head->count);
    assert_true(span_is_string(head->at[i].name, name));
    assert_true(span_is_string(head->at[i].value, value));
}

static void test_request_round_trip(void **state)
{
    (void)state;
    struct head head;
    head_init(&head);
    head.method = SPAN_LITERAL("POST");
    head.target = SPAN_LITERAL("/v1/chat?x=%20");
    head_add(&head, SPAN_LITERAL("Accept"), SPAN_LITERAL("a"));
    head_add(&head, SPAN_LITERAL("X-Bytes"), SPAN_LITERAL("caf\xc3\xa9 \xff"));
    head_add(&head, SPAN_LITERAL("accept"), SPAN_LITERAL("b"));
    head_add(&head, SPAN_LITERAL("Cookie"), SPAN_LITERAL("k=1"));
    head_add(&head, SPAN_LITERAL("cookie"), SPAN_LITERAL("l=2"));
    char *json = request_json_encode(&head, 7);
    head_deinit(&head);
    assert_non_null(strstr(json, "\"stream_id\":7"));

    assert_int_equal(decode(request_json_decode, json, &head), 0);
    assert_true(span_is_string(head.method, "POST"));
    assert_true(span_is_string(head.target, "/v1/chat?x=%20"));
    assert_false(head.is_framing_known);
    assert_int_equal(head.count, 3);
    assert_field(&head, 0, "Accept", "a, b");
    assert_field(&head, 1, "X-Bytes", "caf\xc3\xa9 \xff");
    assert_field(&head, 2, "Cookie", "k=1; l=2");
    head_deinit(&head);
    assert_no_prefix_decodes(request_json_decode, json);
    free(json);
}

static void test_response_round_trip(void **state)
{
    (void)state;
    struct head head;
    head_init(&head);
    head.status = 200;
    head_add(&head, SPAN_LITERAL("Set-Cookie"), SPAN_LITERAL("a=1"));
    head_add(&head, SPAN_LITERAL("set-cookie"), SPAN_LITERAL("b=2"));
    head_add(&head, SPAN_LITERAL("Vary"), SPAN_LITERAL("x"));
    bool was_lossy = false;
    char *json = response_json_encode(&head, 9, &was_lossy);
    head_deinit(&head);
    assert_true(was_lossy);

    assert_int_equal(decode(response_json_decode, json, &head), 0);
    assert_int_equal(head.status, 200);
    assert_int_equal(head.count, 2);
    assert_field(&head, 0, "Set-Cookie", "b=2");
    assert_field(&head, 1, "Vary", "x");
    head_deinit(&head);
    assert_no_prefix_decodes(response_json_decode, json);
    free(json);
}

/* Version 1 has no status over 599. */
static void test_odd_status(void **state)
{
    (void)state;
    struct head head;
    head_init(&head);
    head.status = 999;
    bool was_lossy;
    char *json = response_json_encode(&head, 9, &was_lossy);
    head_deinit(&head);
    assert_int_equal(decode(response_json_decode, json, &head), 0);
    assert_int_equal(head.status, 500);
    head_deinit(&head);
    free(json);
    assert_int_equal(decode(response_json_decode, "{\"status\":999,\"headers\":{}}", &head), 0);
    assert_int_equal(head.status, 999);
    head_deinit(&head);
}

static void test_other_peers_habits(void **state)
{
    (void)state;
    struct head head;
    assert_int_equal(decode(response_json_decode,
                            "{\"status\":200,\"new\":[1],\"headers\":{\"set-cookie\":"
                            "[\"a=1\",\"b=2\"],\"x\":\"\\u20ac\"}}",
                            &head),
                     0);
    assert_int_equal(head.count, 3);
    assert_field(&head, 0, "set-cookie", "a=1");
    assert_field(&head, 1, "set-cookie", "b=2");
    assert_field(&head, 2, "x", "\xe2\x82\xac"); /* beyond ISO-8859-1: UTF-8 */
    head_deinit(&head);
}

static void test_refused_requests(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "[]",
        "null",
        "{\"method\":\"GET\",\"headers\":{}}",
        "{\"path\":\"/\",\"headers\":{}}",
        "{\"method\":\"GET\",\"path\":\"/\"}",
        "{\"method\":\"GET\",\"path\":\"/\",\"headers\":[]}",
        "{\"method\":\"G T\",\"path\":\"/\",\"headers\":{}}",
        "{\"method\":\"\",\"path\":\"/\",\"headers\":{}}",
        "{\"method\":\"GET\",\"path\":\"x\",\"headers\":{}}",
        "{\"method\":\"GET\",\"path\":\"\",\"headers\":{}}",
        "{\"method\":\"GET\",\"path\":\"/ HTTP/1.1\",\"headers\":{}}",
        "{\"method\":\"GET\",\"path\":\"/\\r\\nX: y\",\"headers\":{}}",
        "{\"method\":\"GET\",\"path\":\"/\\u0000\",\"headers\":{}}",
        "{\"method\":\"GET\",\"path\":7,\"headers\":{}}",
        "{\"method\":\"GET\",\"path\":\"/\",\"headers\":{\"a b\":\"c\"}}",
        "{\"method\":\"GET\",\"path\":\"/\",\"headers\":{\"\":\"c\"}}",
        "{\"method\":\"GET\",\"path\":\"/\",\"headers\":{\"a\":\"b\\r\\nc: d\"}}",
        "{\"method\":\"GET\",\"path\":\"/\",\"headers\":{\"a\":\"b\\u0000\"}}",
        "{\"method\":\"GET\",\"path\":\"/\",\"headers\":{\"a\":1}}",
        "{\"method\":\"GET\",\"path\":\"/\",\"headers\":{\"a\":[1]}}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct head head;
        assert_int_equal(decode(request_json_decode, rows[i], &head), -EINVAL);
        head_deinit(&head);
    }
}

static void test_refused_responses(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"headers\":{}}",
        "{\"status\":\"200\",\"headers\":{}}",
        "{\"status\":101,\"headers\":{}}",
        "{\"status\":99999999999,\"headers\":{}}",
        "{\"status\":-1,\"headers\":{}}",
        "{\"status\":200,\"headers\":null}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct head head;
        assert_int_equal(decode(response_json_decode, rows[i], &head), -EINVAL);
        head_deinit(&head);
    }
}

static void test_too_many_fields(void **state)
{
    (void)state;
    char json[HTTP_FIELDS_MAX * 16 + 64];
    size_t len = (size_t)snprintf(json, sizeof json, "{\"status\":200,\"headers\":{");
    for (int i = 0; i <= HTTP_FIELDS_MAX; i++)
        len += (size_t)snprintf(json + len, sizeof json - len, "%s\"n%d\":\"\"", i ? "," : "", i);
    snprintf(json + len, sizeof json - len, "}}");
    struct head head;
    assert_int_equal(decode(response_json_decode, json, &head), -EINVAL);
    head_deinit(&head);
}

static void test_hello(void **state)
{
    (void)state;
    struct hello hello = {1, 3, {FEATURE_SSE, 5, 6}};
    char *json = hello_encode(&hello);
    assert_string_equal(json, "{\"proto\":\"httptunnel\",\"min_version\":1,\"max_version\":3,"
                              "\"features\":[\"sse\"]}");
    struct hello got;
    assert_int_equal(hello_decode(span_from_string(json), &got), 0);
    assert_int_equal(got.min_version, 1);
    assert_int_equal(got.max_version, 3);
    assert_int_equal(got.means.features, FEATURE_SSE);
    for (size_t len = 0; len < strlen(json); len++) {
        struct guard g = guard_new(json, len);
        assert_int_equal(hello_decode(g.bytes, &got), -EINVAL);
        guard_free(&g);
    }
    free(json);
    static const char other[] = "{\"proto\":\"x\",\"min_version\":1,\"max_version\":1}";
    assert_int_equal(hello_decode(SPAN_LITERAL(other), &got), -EPROTONOSUPPORT);
    static const char huge[] = "{\"proto\":\"httptunnel\",\"min_version\":0,\"max_version\":1}";
    assert_int_equal(hello_decode(SPAN_LITERAL(huge), &got), -EINVAL);
}

static void test_agree(void **state)
{
    (void)state;
    struct agree agree = {1, {0, 5, 6}};
    char *json = agree_encode(&agree);
    assert_string_equal(json, "{\"version\":1,\"features\":[]}");
    struct agree got;
    assert_int_equal(agree_decode(span_from_string(json), &got), 0);
    assert_int_equal(got.version, 1);
    free(json);
    static const char unknown[] = "{\"version\":1,\"features\":[\"later\",5,\"sse\"],\"more\":{}}";
    assert_int_equal(agree_decode(SPAN_LITERAL(unknown), &got), 0);
    assert_int_equal(got.means.features, FEATURE_SSE);
}

/* What a side says of its means goes with the features that need it. */
static void test_means(void **state)
{
    (void)state;
    struct agree agree = {1, {FEATURE_FLOW | FEATURE_CHANNELS, 262144, 16}};
    char *json = agree_encode(&agree);
    assert_string_equal(json, "{\"version\":1,\"features\":[\"flow\",\"channels\"],"
                              "\"window\":262144,\"channels\":16}");
    struct agree got;
    assert_int_equal(agree_decode(span_from_string(json), &got), 0);
    assert_int_equal(got.means.window, 262144);
    assert_int_equal(got.means.channels, 16);
    free(json);

    static const struct {
        const char *json;
        int result;
        uint32_t window;
        unsigned channels;
    } rows[] = {
        {"{\"version\":1}", 0, WINDOW_DEFAULT, 0},
        {"{\"version\":1,\"window\":1,\"channels\":0}", 0, 1, 0},
        {"{\"version\":1,\"window\":99999999999,\"channels\":9999999}", 0, WINDOW_MOST, UINT16_MAX},
        {"{\"version\":1,\"window\":0}", -EINVAL, 0, 0},
        {"{\"version\":1,\"window\":-1}", -EINVAL, 0, 0},
        {"{\"version\":1,\"window\":\"1\"}", -EINVAL, 0, 0},
        {"{\"version\":1,\"channels\":-1}", -EINVAL, 0, 0},
        {"{\"version\":1,\"channels\":1.5}", -EINVAL, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(agree_decode(span_from_string(rows[i].json), &got), rows[i].result);
        if (rows[i].result < 0)
            continue;
        assert_int_equal(got.means.window, rows[i].window);
        assert_int_equal(got.means.channels, rows[i].channels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_round_trip),
        cmocka_unit_test(test_response_round_trip),
        cmocka_unit_test(test_odd_status),
        cmocka_unit_test(test_other_peers_habits),
        cmocka_unit_test(test_refused_requests),
        cmocka_unit_test(test_refused_responses),
        cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_agree),
        cmocka_unit_test(test_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
