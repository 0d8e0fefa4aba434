/*
 * A flag that changes nothing is named, one that does is not. It is called as
 * its reader has written it.
 */
#include "testing.h"

#include <stdlib.h>

#include "cli/idle_flags.h"

static char *const args[] = {(char *)"tunnel", (char *)"x"};
static const struct wording line = {2, (char **)args};

static void check(const struct config *config, const char *flag)
{
    unsigned at = 0;
    char *text = idle_flags_next(config, &at);
    if (!flag) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    assert_int_equal(strncmp(text, flag, strlen(flag)), 0);
    free(text);
    assert_null(idle_flags_next(config, &at));
}

static void test_serve(void **state)
{
    (void)state;
    struct config config;
    config_init(&config, COMMAND_SERVE);
    config.wording = line;
    check(&config, NULL);
    assert_null(config_take_upstream(&config, "11434"));
    assert_null(config_take_allow_origin(&config, "https://a.example"));
    check(&config, "--allow-origin ");
    assert_null(config_take_header(&config, "Authorization:"));
    check(&config, "--allow-origin ");
    assert_null(config_take_header(&config, "Authorization: Bearer x"));
    check(&config, NULL);
    config_take_insecure(&config, NULL);
    check(&config, "--upstream-insecure ");
    assert_null(config_take_upstream(&config, "https://api.example.org"));
    check(&config, NULL);
    config.upstream_ca = strdup("ca.pem");
    check(&config, "--upstream-ca has no effect beside ");
    config.upstream_insecure = false;
    check(&config, NULL);
    assert_null(config_take_upstream(&config, "11434"));
    check(&config, "--upstream-ca ");
    config_deinit(&config);
}

static void test_relay_only(void **state)
{
    (void)state;
    struct config config;
    config_init(&config, COMMAND_PROXY);
    config.wording = line;
    assert_null(config_take_relay_only(&config, NULL));
    check(&config, NULL);
    assert_null(config_take_stun(&config, "none"));
    check(&config, NULL);
    assert_null(config_take_stun(&config, "stun:a.example"));
    check(&config, "--stun ");
    config.relay_only = false;
    check(&config, NULL);
    config_deinit(&config);
}

static void test_file(void **state)
{
    (void)state;
    struct config config;
    config_init(&config, COMMAND_SERVE);
    assert_null(config_take_allow_origin(&config, "https://a.example"));
    check(&config, "allow-origin has no effect without a header that adds a field: ");
    assert_null(config_take_header(&config, "Authorization: Bearer x"));
    assert_null(config_take_upstream(&config, "https://api.example.org"));
    config_take_insecure(&config, NULL);
    config.upstream_ca = strdup("ca.pem");
    check(&config, "upstream-ca has no effect beside upstream-insecure");
    config_deinit(&config);
}

static void test_variable(void **state)
{
    (void)state;
    struct config config;
    config_init(&config, COMMAND_SERVE);
    config.wording = line;
    config.upstream_ca = strdup("ca.pem");
    assert_int_equal(setenv("TUNNEL_UPSTREAM_CA", "ca.pem", 1), 0);
    check(&config, "TUNNEL_UPSTREAM_CA has no effect: the upstream is not https");
    assert_int_equal(unsetenv("TUNNEL_UPSTREAM_CA"), 0);
    check(&config, "--upstream-ca has no effect: the upstream is not https");
    config_deinit(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_serve),
                                       cmocka_unit_test(test_relay_only),
                                       cmocka_unit_test(test_file),
                                       cmocka_unit_test(test_variable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
