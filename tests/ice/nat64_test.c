/*
 * Prefixes as the examples of RFC 6052 section 2.4 have them, and an agent that
 * has no IPv4: where it sends its checks.
 */
#include "testing.h"

#include <stdio.h>

#include "ice/agent.h"

static struct ice_address address_of(const char *text)
{
    struct ice_address out;
    assert_int_equal(ice_address_parse(span_from_string(text), 5000, &out), 0);
    return out;
}

static const struct {
    const char *known; /* 192.0.0.170, behind that prefix */
    size_t len;
    const char *translated; /* 192.0.2.33 */
} prefixes[] = {
    {"2001:db8:c000:aa::", 4, "2001:db8:c000:221::"},
    {"2001:db8:1c0:0:aa::", 5, "2001:db8:1c0:2:21::"},
    {"2001:db8:122:c000:0:aa00::", 6, "2001:db8:122:c000:2:2100::"},
    {"2001:db8:122:3c0:0:aa::", 7, "2001:db8:122:3c0:0:221::"},
    {"2001:db8:122:344:c0:0:aa00:0", 8, "2001:db8:122:344:c0:2:2100::"},
    {"2001:db8:122:344::192.0.0.170", 12, "2001:db8:122:344::192.0.2.33"},
    {"64:ff9b::192.0.0.171", 12, "64:ff9b::192.0.2.33"},
};

static void test_prefixes(void **state)
{
    (void)state;
    struct ice_address peer = address_of("192.0.2.33");
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct ice_address known = address_of(prefixes[i].known);
        struct ice_address expected = address_of(prefixes[i].translated);
        struct ice_nat64 prefix;
        assert_true(ice_nat64_learn(&known, &prefix));
        assert_int_equal(prefix.len, prefixes[i].len);
        struct ice_address got = ice_nat64_translate(&prefix, &peer);
        if (!ice_address_is_equal(&got, &expected)) {
            char text[ICE_ADDRESS_TEXT_LEN];
            fail_msg("%s, not %s", ice_address_format(&got, text), prefixes[i].translated);
        }
    }
}

static void test_no_prefix(void **state)
{
    (void)state;
    static const char *const others[] = {
        "192.0.0.170",
        "2001:db8::1",
        "64:ff9b::192.0.0.172",
        "64:ff9b::192.0.2.170",
        "2001:db8:122:344:ffc0:0:aa00:0", /* octet 8 is not 0 */
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct ice_address other = address_of(others[i]);
        struct ice_nat64 prefix;
        assert_false(ice_nat64_learn(&other, &prefix));
        assert_int_equal(prefix.len, 0);
    }
}

/* ---- an agent ---- */

struct rig {
    struct ice_agent *a;
    uint64_t now_us;
    char sent_to[4096]; /* " [2001:db8::1]:5000", … */
};

static int on_datagram(void *arg, int base, const struct ice_address *remote, struct span bytes)
{
    struct rig *r = arg;
    char text[ICE_ADDRESS_TEXT_LEN];
    size_t len = strlen(r->sent_to);
    (void)base;
    (void)bytes;
    snprintf(r->sent_to + len, sizeof r->sent_to - len, " %s", ice_address_format(remote, text));
    return 0;
}

static void on_candidate(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static void on_state(void *arg, enum ice_state state, const char *text)
{
    (void)arg;
    (void)state;
    (void)text;
}

static void rig_init(struct rig *r, const char *local)
{
    static const struct ice_agent_handlers handlers = {.on_datagram = on_datagram,
                                                       .on_candidate = on_candidate,
                                                       .on_state = on_state};
    struct ice_agent_config config = {.is_controlling = true, .seed = {42}};
    struct ice_address address = address_of(local);
    *r = (struct rig){.now_us = 1000000};
    r->a = ice_agent_new(&config, &handlers, r);
    assert_in_range(ice_agent_add_interface(r->a, &address, "eth0", true, r->now_us), 0, 99);
    ice_agent_gather(r->a, false, r->now_us);
    assert_int_equal(ice_agent_set_remote(r->a, "peer", "remotepasswordremotepass", r->now_us), 0);
}

static void learn(struct rig *r)
{
    struct ice_address known = address_of("2001:db8:64::192.0.0.170");
    struct ice_nat64 prefix;
    assert_true(ice_nat64_learn(&known, &prefix));
    ice_agent_set_nat64(r->a, &prefix, r->now_us);
    ice_agent_set_nat64(r->a, &prefix, r->now_us);
}

static void hear_of_peer(struct rig *r)
{
    assert_int_equal(ice_agent_add_remote(r->a,
                                          SPAN_LITERAL(
                                              "candidate:1 1 udp 1694498815 203.0.113.6 4000 typ "
                                              "srflx raddr 192.168.2.2 rport 4000"),
                                          r->now_us),
                     0);
}

static void check(struct rig *r, const char *sent_to)
{
    for (int i = 0; i < 4; i++) {
        r->now_us += 5000;
        ice_agent_on_deadline(r->a, r->now_us);
    }
    assert_string_equal(r->sent_to, sent_to);
    ice_agent_free(r->a, r->now_us);
}

#define TRANSLATED " [2001:db8:64::cb00:7106]:4000"

static void test_candidate_after_prefix(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "2001:db8:11::2");
    learn(&r);
    hear_of_peer(&r);
    hear_of_peer(&r);
    check(&r, TRANSLATED);
}

static void test_prefix_after_candidate(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "2001:db8:11::2");
    hear_of_peer(&r);
    assert_string_equal(r.sent_to, "");
    learn(&r);
    check(&r, TRANSLATED);
}

static void test_no_prefix_any_more(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "2001:db8:11::2");
    learn(&r);
    ice_agent_set_nat64(r.a, &(struct ice_nat64){0}, r.now_us);
    hear_of_peer(&r);
    check(&r, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_no_prefix),
        cmocka_unit_test(test_candidate_after_prefix),
        cmocka_unit_test(test_prefix_after_candidate),
        cmocka_unit_test(test_no_prefix_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
