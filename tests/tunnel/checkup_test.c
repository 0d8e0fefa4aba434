/*
 * What a provider finds out when it is asked how it is connected.
 */
#include "testing.h"

#include "http/url.h"
#include "tunnel/checkup.h"

struct scene {
    struct loop *loop;
    struct report report;
};

static void on_done(const struct report *report, void *arg)
{
    struct scene *scene = arg;
    scene->report = *report;
    loop_stop(scene->loop);
}

/* Where no name of a STUN server is found, nothing is known of the NAT: no
 * answer came, but nobody was asked. */
static void test_no_names(void **state)
{
    (void)state;
    struct scene scene = {.loop = loop_new()};
    struct ice_servers *servers = ice_servers_new(scene.loop); /* of no address */
    struct url url;
    const char *why;
    assert_int_equal(url_parse("http://127.0.0.1:1", &url, &why), 0);
    const struct upstream_config upstream = {.url = &url};
    const struct checkup_config config = {servers, &upstream};
    struct checkup *checkup = checkup_new(scene.loop, &config, on_done, &scene);
    loop_run(scene.loop);
    assert_false(scene.report.knows_nat);
    assert_int_equal(scene.report.upstream_status, 0); /* nobody listens there */
    checkup_free(checkup);
    ice_servers_free(servers);
    url_deinit(&url);
    loop_free(scene.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
