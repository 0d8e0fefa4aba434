/*
 * Which Location leads back to the upstream, and what its client gets instead.
 */
#include "testing.h"

#include "tunnel/location.h"

/* What becomes of a Location in the response to a request with these fields. */
static void check(struct location_upstream upstream, struct http_fields request,
                  const char *location, const char *expected)
{
    static struct head head;
    struct location_names names;
    struct guard guard = guard_new(location, strlen(location));
    struct span value = guard.bytes;
    head_init(&head);
    head_add(&head, SPAN_LITERAL("X"), value);
    head_add(&head, SPAN_LITERAL("location"), value);
    head_add(&head, SPAN_LITERAL("Content-Location"), value);
    location_learn(&names, request);
    location_rewrite(&head, &upstream, &names);
    assert_true(span_is_string(head.at[0].value, location));
    if (!span_is_string(head.at[1].value, expected))
        fail_msg("'%s' became '%.*s', not '%s'", location, SPAN_ARG(head.at[1].value), expected);
    assert_true(span_is_equal(head.at[1].value, head.at[2].value));
    head_deinit(&head);
    location_forget(&names);
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
    const struct location_upstream upstream = {false, "up:81", "/", "/"};
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
        const struct location_upstream upstream = {false, "up", rows[i].base, rows[i].advertise};
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
    const struct location_upstream plain = {false, "up:81", "/", "/v1"};
    check(plain, request, "https://up:81/a", "/v1/a");
    check(plain, request, "https://front.example/a", "/v1/a");
    check(plain, request, "https://front.example:443/a", "/v1/a");
    check(plain, request, "https://here/a", "https://here/a");
    check(plain, request, "http://up:81/a", "/v1/a");
    const struct location_upstream secure = {true, "up", "/", "/"};
    check(secure, request, "https://up:443/a", "/a");
    check(secure, request, "//up:443/a", "/a");
    check(secure, request, "http://up/a", "http://up/a");
    check(secure, (struct http_fields){0}, "https://up/a", "/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_forwarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
