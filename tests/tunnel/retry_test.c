/*
 * What may be sent again, and what is kept for that.
 */
#include "testing.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "net/conn.h"
#include "tunnel/retry.h"

static const uint8_t block[RETRY_BODY_MAX + 1];

struct fixture {
    struct retry_total total;
    struct retry retry;
    struct head head;
};

/* A request as it came, with a field if there is a name. */
static struct fixture *begin(const char *method, const char *name, const char *value)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    head_init(&f->head);
    f->head.method = span_from_string(method);
    f->head.target = SPAN_LITERAL("/v1");
    if (name)
        head_add(&f->head, span_from_string(name), span_from_string(value));
    retry_init(&f->retry, &f->total);
    return f;
}

static struct fixture *keep(const char *method, const char *name, const char *value)
{
    struct fixture *f = begin(method, name, value);
    retry_keep(&f->retry, &f->head);
    return f;
}

static void end(struct fixture *f)
{
    retry_deinit(&f->retry);
    assert_int_equal(f->total.bytes, 0);
    free(f);
}

/* Of a fresh request each. */
static bool is_allowed(const char *method, const char *name, enum stream_error error)
{
    struct fixture *f = keep(method, name, "1");
    bool allows = retry_allows(&f->retry, error);
    end(f);
    return allows;
}

static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
static const char *const unsafe[] = {"POST", "PATCH", "CONNECT", "get", "QUERYX"};

/* It may have been done: again only what may be done twice. */
static void test_may_have_arrived(void **state)
{
    static const enum stream_error errors[] = {STREAM_SESSION, STREAM_UNSPECIFIED, STREAM_TIMEOUT,
                                               STREAM_BROKEN, STREAM_INVALID};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        for (size_t k = 0; k < sizeof safe / sizeof *safe; k++)
            assert_true(is_allowed(safe[k], NULL, errors[i]));
        for (size_t k = 0; k < sizeof unsafe / sizeof *unsafe; k++)
            assert_false(is_allowed(unsafe[k], NULL, errors[i]));
        assert_true(is_allowed("POST", "idempotency-key", errors[i]));
    }
}

/* Nobody has heard of it: that goes elsewhere, whatever it is. */
static void test_has_not_arrived(void **state)
{
    static const enum stream_error errors[] = {STREAM_UNSENT, STREAM_REFUSED, STREAM_TOO_MANY,
                                               STREAM_DNS,    STREAM_TLS,     STREAM_UNREACHABLE};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        assert_true(is_allowed("GET", NULL, errors[i]));
        assert_true(is_allowed("POST", NULL, errors[i]));
    }
}

/* It would end so anywhere. */
static void test_is_an_answer(void **state)
{
    static const enum stream_error errors[] = {STREAM_CANCELLED, STREAM_MALFORMED,
                                               STREAM_HEAD_TOO_LARGE, STREAM_NOT_ALLOWED};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        assert_false(is_allowed("GET", NULL, errors[i]));
}

/* One that kills whoever gets it does not kill all; one that reaches nobody may
 * go round. */
static void test_tries(void **state)
{
    (void)state;
    struct fixture *f = keep("GET", NULL, NULL);
    for (int i = 0; i < 20; i++)
        assert_true(retry_allows(&f->retry, STREAM_REFUSED));
    for (int i = 1; i < RETRY_SENDS_MAX; i++)
        assert_true(retry_allows(&f->retry, STREAM_SESSION));
    assert_false(retry_allows(&f->retry, STREAM_SESSION));
    end(f);
}

static void test_body(void **state)
{
    (void)state;
    struct fixture *f = keep("PUT", NULL, NULL);
    retry_add(&f->retry, span_of(block, 1));
    retry_add(&f->retry, span_of(block, RETRY_BODY_MAX - 1));
    assert_int_equal(f->retry.body.len, RETRY_BODY_MAX);
    assert_true(f->total.bytes >= RETRY_BODY_MAX);
    assert_true(retry_allows(&f->retry, STREAM_SESSION));
    retry_add(&f->retry, span_of(block, 1));
    assert_false(retry_allows(&f->retry, STREAM_SESSION));
    assert_int_equal(f->total.bytes, 0);
    retry_add(&f->retry, span_of(block, 1)); /* and no more */
    assert_int_equal(f->total.bytes, 0);
    end(f);
}

/* One that will be too large is not kept at all. */
static void test_length(void **state)
{
    (void)state;
    struct fixture *f = keep("PUT", "Content-Length", "262144");
    assert_true(retry_allows(&f->retry, STREAM_SESSION));
    end(f);
    f = keep("PUT", "Content-Length", "262145");
    assert_false(retry_allows(&f->retry, STREAM_REFUSED));
    end(f);
}

/* But for one whose body waits for a word. */
static void test_continue(void **state)
{
    (void)state;
    struct fixture *f = keep("PUT", "Expect", "100-continue");
    assert_true(retry_allows(&f->retry, STREAM_SESSION));
    end(f);
    f = begin("PUT", "Expect", "100-continue");
    head_add(&f->head, SPAN_LITERAL("Content-Length"), SPAN_LITERAL("262145"));
    f->head.framing = HTTP_BODY_LENGTH;
    retry_keep(&f->retry, &f->head);
    assert_true(retry_allows(&f->retry, STREAM_REFUSED));
    retry_add(&f->retry, span_of(block, RETRY_BODY_MAX));
    assert_true(retry_allows(&f->retry, STREAM_REFUSED));
    retry_add(&f->retry, span_of(block, 1));
    assert_false(retry_allows(&f->retry, STREAM_REFUSED));
    end(f);
}

static void test_response_has_begun(void **state)
{
    (void)state;
    struct fixture *f = keep("GET", NULL, NULL);
    retry_drop(&f->retry);
    assert_false(retry_allows(&f->retry, STREAM_SESSION));
    end(f);
}

/* What is kept is the request's own, to the trailers. */
static void test_whole(void **state)
{
    (void)state;
    char method[] = "POST";
    char content[] = "content";
    struct fixture *f = begin(method, "Trailer", "X-Sum");
    struct head trailers;
    retry_keep(&f->retry, &f->head);
    retry_add(&f->retry, span_from_string(content));
    head_init(&trailers);
    head_add(&trailers, SPAN_LITERAL("X-Sum"), SPAN_LITERAL("7"));
    retry_end(&f->retry, &trailers);
    memset(method, 'x', sizeof method - 1);
    memset(content, 'x', sizeof content - 1);
    assert_true(span_is_string(f->retry.head->method, "POST"));
    assert_true(span_is_string(buf_bytes(&f->retry.body), "content"));
    assert_true(span_is_string(f->retry.trailers->at[0].value, "7"));
    end(f);
}

/* Where there is no room, a request is sent once; one that waits is kept. */
static void test_total(void **state)
{
    (void)state;
    struct fixture *f = begin("PUT", NULL, NULL);
    f->total.bytes = RETRY_TOTAL_MAX + 1;
    retry_keep(&f->retry, &f->head);
    assert_false(retry_allows(&f->retry, STREAM_SESSION));
    retry_wait(&f->retry, &f->head);
    retry_add(&f->retry, span_of(block, CONN_READ_MORE));
    assert_int_equal(f->retry.body.len, CONN_READ_MORE);
    assert_true(retry_allows(&f->retry, STREAM_SESSION));
    retry_sent(&f->retry);
    assert_false(retry_allows(&f->retry, STREAM_SESSION));
    assert_int_equal(f->total.bytes, RETRY_TOTAL_MAX + 1);
    f->total.bytes = 0;
    retry_keep(&f->retry, &f->head);
    f->total.bytes += RETRY_TOTAL_MAX;
    retry_add(&f->retry, span_of(block, 1));
    assert_false(retry_allows(&f->retry, STREAM_SESSION));
    f->total.bytes -= RETRY_TOTAL_MAX;
    end(f);
}

static void test_waits(void **state)
{
    (void)state;
    struct fixture *f = begin("PUT", NULL, NULL);
    retry_wait(&f->retry, &f->head);
    retry_add(&f->retry, span_of(block, 10));
    retry_sent(&f->retry);
    assert_int_equal(f->retry.body.len, 10);
    assert_true(retry_allows(&f->retry, STREAM_SESSION));
    end(f);
    f = begin("PUT", "Content-Length", "262145");
    retry_wait(&f->retry, &f->head);
    assert_true(f->retry.head != NULL);
    retry_sent(&f->retry);
    assert_null(f->retry.head);
    end(f);
}

/* ---- what it says of the provider ---- */

static void test_outage(void **state)
{
    (void)state;
    assert_int_equal(retry_outage_us(STREAM_REFUSED), RETRY_OUTAGE_US);
    assert_int_equal(retry_outage_us(STREAM_TIMEOUT), RETRY_OUTAGE_US);
    assert_int_equal(retry_outage_us(STREAM_BROKEN), 0);
    assert_int_equal(retry_outage_us(STREAM_SESSION), 0);
}

static uint64_t after(int status, const char *value)
{
    struct head head;
    head_init(&head);
    head.status = status;
    struct guard g = guard_new(value, strlen(value));
    head_add(&head, SPAN_LITERAL("retry-after"), g.bytes);
    uint64_t us = retry_after_us(&head);
    guard_free(&g);
    return us;
}

static void test_retry_after(void **state)
{
    (void)state;
    assert_int_equal(after(503, "5"), 5 * US_PER_S);
    assert_int_equal(after(503, "0"), 0);
    assert_int_equal(after(200, "5"), 0);
    assert_int_equal(after(429, "5"), 0);
    assert_int_equal(after(503, ""), 0);
    assert_int_equal(after(503, "-5"), 0);
    assert_int_equal(after(503, "5s"), 0);
    assert_int_equal(after(503, "soon, but nobody knows when that will be"), 0);
    assert_true(after(503, "99999999999999999999999999") > 1000 * US_PER_S);
    assert_int_equal(after(503, "Sun, 06 Nov 1994 08:49:37 GMT"), 0);
    assert_int_equal(after(503, "Sun, 06 Nov 2994 08:49:37"), 0);
    assert_true(after(503, "Sun, 06 Nov 2994 08:49:37 GMT") > 1000 * US_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_may_have_arrived),
        cmocka_unit_test(test_has_not_arrived),
        cmocka_unit_test(test_is_an_answer),
        cmocka_unit_test(test_tries),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_response_has_begun),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_total),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_outage),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
