/*
 * Which Location leads back to the upstream, and what its client gets instead.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "tunnel/location.h"

/* What becomes of a Location in the response to a request with these fields. */
static void check(struct own_url_upstream upstream, struct http_fields request,
                  const char *location, const char *expected)
{
    static struct head head;
    struct own_url_names names;
    struct guard guard = guard_new(location, strlen(location));
    struct span value = guard.bytes;
    head_init(&head);
    head_add(&head, SPAN_LITERAL("X"), value);
    head_add(&head, SPAN_LITERAL("location"), value);
    head_add(&head, SPAN_LITERAL("Content-Location"), value);
    own_url_learn(&names, request, request);
    location_rewrite(&head, &upstream, &names);
    assert_true(span_is_string(head.at[0].value, location));
    if (!span_is_string(head.at[1].value, expected))
        fail_msg("'%s' became '%.*s', not '%s'", location, SPAN_ARG(head.at[1].value), expected);
    assert_true(span_is_equal(head.at[1].value, head.at[2].value));
    head_deinit(&head);
    own_url_forget(&names);
    guard_free(&guard);
}

static void test_origins(void **state)
{
    (void)state;
    static const struct {
        const char *location, *expected;
    } rows[] = {
        {"http://up:81/a/?b#c", "/a/?b#c"},
        {"HTTP://UP:81/a", "/a"},
        {"http://up:81", "/"},
        {"http://up:81?b", "/?b"},
        {"http://up:81#b", "/#b"},
        {"//up:81/a", "/a"},
        {"http://vhost/a", "/a"},
        {"http://vhost:80/a", "/a"},
        {"http://up:81//b.example/", "/.//b.example/"},
        /* Of others, or not to be understood. */
        {"https://up:81/a", "https://up:81/a"},
        {"http://up/a", "http://up/a"},
        {"http://up:8/1", "http://up:8/1"},
        {"http://up:811/a", "http://up:811/a"},
        {"http://up:81@b.example/", "http://up:81@b.example/"},
        {"http://u@up:81/a", "http://u@up:81/a"},
        {"http://up:81\\@b.example/", "http://up:81\\@b.example/"},
        {"ftp://up:81/a", "ftp://up:81/a"},
        {"http:/up:81/a", "http:/up:81/a"},
        {"http:up", "http:up"},
        {"//b.example/", "//b.example/"},
        {"/a?c=http://up:81/", "/a?c=http://up:81/"},
        {"/a//b", "/a//b"},
        {"a/b", "a/b"},
        {"../a:b", "../a:b"},
        {"", ""},
        {"/", "/"},
        {"//", "//"},
        {"://", "://"},
    };
    const struct http_field host[] = {{SPAN_LITERAL("Host"), SPAN_LITERAL("vhost")}};
    const struct own_url_upstream upstream = {false, false, "up:81", "/", "/"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(upstream, (struct http_fields){host, 1}, rows[i].location, rows[i].expected);
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *base, *advertise, *location, *expected;
    } rows[] = {
        {"/", "/v1", "http://up/a", "/v1/a"},
        {"/", "/v1", "/a", "/a"}, /* goes upstream as it is */
        {"/api", "/", "http://up/api/a", "/a"},
        {"/api", "/", "/api/a", "/a"},
        {"/api", "/", "/api//b.example", "/.//b.example"},
        {"/api", "/v1", "http://up/api/a?b", "/v1/a?b"},
        {"/api", "/v1", "/api/a?b", "/v1/a?b"},
        /* No request of a client's leads there. */
        {"/api", "/", "http://up/a", "http://up/a"},
        {"/api", "/", "/a", "/a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct own_url_upstream upstream = {false, false, "up", rows[i].base,
                                                  rows[i].advertise};
        check(upstream, (struct http_fields){0}, rows[i].location, rows[i].expected);
    }
}

/* What the upstream was told of the scheme and the host before the proxy. */
static void test_forwarded(void **state)
{
    (void)state;
    const struct http_field fields[] = {
        {SPAN_LITERAL("Host"), SPAN_LITERAL("up:81")},
        {SPAN_LITERAL("X-Forwarded-Host"), SPAN_LITERAL("front.example, here")},
        {SPAN_LITERAL("X-Forwarded-Proto"), SPAN_LITERAL("https")},
    };
    const struct http_fields request = {fields, 3};
    const struct own_url_upstream plain = {false, false, "up:81", "/", "/v1"};
    check(plain, request, "https://up:81/a", "/v1/a");
    check(plain, request, "https://front.example/a", "/v1/a");
    check(plain, request, "https://front.example:443/a", "/v1/a");
    check(plain, request, "https://here/a", "https://here/a");
    check(plain, request, "http://up:81/a", "/v1/a");
    const struct own_url_upstream secure = {true, false, "up", "/", "/"};
    check(secure, request, "https://up:443/a", "/a");
    check(secure, request, "//up:443/a", "/a");
    check(secure, request, "http://up/a", "http://up/a");
    check(secure, (struct http_fields){0}, "https://up/a", "/a");
}

/* All names that a machine has for itself are one. */
static void test_loopback(void **state)
{
    (void)state;
    static const char *const own[] = {"localhost:5000",  "127.0.0.1:5000",         "[::1]:5000",
                                      "LOCALHOST.:5000", "127.1.2.3:5000",         "0.0.0.0:5000",
                                      "[::]:5000",       "[::ffff:127.0.0.1]:5000"};
    static const char *const others[] = {
        "localhost:5001", "localhost",          "a.localhost:5000", "alocalhost:5000",
        "192.0.2.1:5000", "[2001:db8::1]:5000", "u@localhost:5000", "localhost:5000@b.example",
        ":5000"};
    for (size_t i = 0; i < 3; i++) {
        const struct own_url_upstream upstream = {false, true, own[i], "/", "/"};
        char url[64];
        for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
            snprintf(url, sizeof url, "http://%s/a", own[k]);
            check(upstream, (struct http_fields){0}, url, "/a");
        }
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            snprintf(url, sizeof url, "http://%s/a", others[k]);
            check(upstream, (struct http_fields){0}, url, url);
        }
    }
    const struct own_url_upstream web = {false, true, "localhost", "/", "/"};
    check(web, (struct http_fields){0}, "http://127.0.0.1:80/a", "/a");
    check(web, (struct http_fields){0}, "http://[::1]/a", "/a");
    const struct own_url_upstream unix_socket = {false, false, "localhost", "/", "/"};
    check(unix_socket, (struct http_fields){0}, "http://127.0.0.1/a", "http://127.0.0.1/a");
}

/* The other fields that clients follow by themselves. */
static void test_fields(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *expected;
    } rows[] = {
        {"Refresh", "5; url=http://up/a", "5; url=/a"},
        {"refresh", "0;URL = 'http://up/a' x", "0;URL = '/a' x"},
        {"Refresh", "0,\"http://up/a\"", "0,\"/a\""},
        {"Refresh", "0 http://up/a", "0 /a"},
        {"Refresh", "5", "5"},
        {"Refresh", "5;", "5;"},
        {"Refresh", "5; url=http://b.example/", "5; url=http://b.example/"},
        {"Link",
         "<http://up/a?p=2>; rel=\"next\", </b>; rel=prev, <http://up/c>; title=\"<http://up/d>\"",
         "<https://me:1/a?p=2>; rel=\"next\", </b>; rel=prev, <https://me:1/c>; "
         "title=\"<http://up/d>\""},
        {"Link", "<http://up/a", "<https://me:1/a"},
        {"Link", "\"", "\""},
        {"WWW-Authenticate", "Bearer resource_metadata=\"http://up/.well-known/x\", scope=\"a\"",
         "Bearer resource_metadata=\"https://me:1/.well-known/x\", scope=\"a\""},
        {"WWW-Authenticate", "DPoP error=\"\" , resource_metadata = http://up/x,a=b",
         "DPoP error=\"\" , resource_metadata = https://me:1/x,a=b"},
        {"WWW-Authenticate",
         "Negotiate YQ==, Digest realm=\"http://up/a\", bearer realm=\"http://up/t\"",
         "Negotiate YQ==, Digest realm=\"http://up/a\", bearer realm=\"https://me:1/t\""},
        {"WWW-Authenticate", "Basic realm=\"a \\\" resource_metadata=http://up/\"",
         "Basic realm=\"a \\\" resource_metadata=http://up/\""},
        {"WWW-Authenticate", "Bearer realm=\"http://up/\\", "Bearer realm=\"https://me:1/./\\"},
        {"Operation-Location", "http://up/a", "https://me:1/a"},
        {"X-Goog-Upload-URL", "http://up/a?b", "https://me:1/a?b"},
        {"Location", "http://up/a", "/a"},
        {"Via", "http://up/a", "http://up/a"},
        {"Link", "", ""},
    };
    const struct http_field fields[] = {{SPAN_LITERAL("Host"), SPAN_LITERAL("me:1")},
                                        {SPAN_LITERAL("X-Forwarded-Proto"), SPAN_LITERAL("https")}};
    const struct own_url_upstream upstream = {false, false, "up", "/", "/"};
    static struct head head;
    struct own_url_names names;
    own_url_learn(&names, (struct http_fields){fields, 2}, (struct http_fields){0});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guard guard = guard_new(rows[i].value, strlen(rows[i].value));
        head_init(&head);
        head_add(&head, SPAN_LITERAL("X"), SPAN_LITERAL("http://up/"));
        head_add(&head, span_from_string(rows[i].name), guard.bytes);
        head_add(&head, SPAN_LITERAL("Location"), SPAN_LITERAL("http://up/behind"));
        location_rewrite(&head, &upstream, &names);
        if (!span_is_string(head.at[1].value, rows[i].expected))
            fail_msg("'%s' became '%.*s'", rows[i].value, SPAN_ARG(head.at[1].value));
        assert_true(span_is_string(head.at[2].value, "/behind"));
        head_deinit(&head);
        guard_free(&guard);
    }
    own_url_forget(&names);
}

/* The client's own name for the tunnel, for those that resolve nothing. */
static void check_client(const char *host, const char *forwarded_host, const char *expected)
{
    const struct http_field fields[] = {
        {SPAN_LITERAL("Host"), span_from_string(host)},
        {SPAN_LITERAL("X-Forwarded-Host"), span_from_string(forwarded_host)},
    };
    const struct own_url_upstream upstream = {false, false, "up", "/api", "/v1"};
    struct own_url_names names;
    own_url_learn(&names, (struct http_fields){fields, 2}, (struct http_fields){0});
    char *own = own_url_map(SPAN_LITERAL("http://up/api/a"), &upstream, &names, true);
    assert_string_equal(own, expected);
    free(own);
    own_url_forget(&names);
}

static void test_client_host(void **state)
{
    (void)state;
    check_client("127.0.0.1:8000", "", "http://127.0.0.1:8000/v1/a");
    check_client("127.0.0.1:8000", "front.example, b", "http://front.example/v1/a");
    check_client("[::1]:8000", "", "http://[::1]:8000/v1/a");
    check_client("", "", "/v1/a");
    check_client("a\"b", "", "/v1/a");
    check_client("a/b", "", "/v1/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),   cmocka_unit_test(test_paths),
        cmocka_unit_test(test_forwarded), cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_fields),    cmocka_unit_test(test_client_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
