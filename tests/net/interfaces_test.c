/*
 * The addresses of this machine, in a network of the test's own; with netlink
 * and, for the rest of the process, without.
 */
#include "net_testing.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/address_watch.h"
#include "net/interfaces.h"
#include "network_testing.h"

static struct address host(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(text, 0, &address), 0);
    return address;
}

static const struct interface *find(const struct interface *list, int count, const char *text)
{
    struct address address = host(text);
    for (int i = 0; i < count; i++) {
        if (address_is_same_host(&list[i].address, &address))
            return &list[i];
    }
    return NULL;
}

static bool is_ours(const char *text)
{
    struct address address = host(text);
    return address_is_ours(&address);
}

static void build(void)
{
    add_interface("eth1", "192.0.2.10/24");
    add_interface("eth2", "198.51.100.10/24");
    ip("addr add 192.0.2.11/24 dev eth1");
    add_interface("eth3", "203.0.113.10/24");
    ip("link set eth3 down");
    ip("route add default dev eth1");
}

static void test_list(void **state)
{
    (void)state;
    if (!build_network())
        skip();
    build();
    struct interface *list;
    int error;
    int count = interfaces_list(&list, &error);
    assert_int_equal(error, 0);
    assert_int_equal(count, 4);
    const struct interface *eth1 = find(list, count, "192.0.2.10");
    assert_string_equal(eth1->name, "eth1");
    assert_true(eth1->is_default && eth1->has_carrier && !eth1->is_loopback);
    assert_true(find(list, count, "192.0.2.11")->is_default);
    assert_false(find(list, count, "198.51.100.10")->is_default);
    assert_true(find(list, count, "127.0.0.1")->is_loopback);
    assert_null(find(list, count, "203.0.113.10"));
    free(list);
}

static void test_source(void **state)
{
    (void)state;
    if (!build_network())
        skip();
    build();
    static const struct {
        const char *to;
        const char *from;
    } cases[] = {
        {"8.8.8.8", "192.0.2.10"},
        {"198.51.100.77", "198.51.100.10"},
        {"127.0.0.1", "127.0.0.1"},
    };
    struct address source;
    struct address to;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct address expected = host(cases[i].from);
        assert_int_equal(address_parse(cases[i].to, 9, &to), 0);
        assert_int_equal(interfaces_source_for(&to, &source), 0);
        assert_true(address_is_same_host(&source, &expected));
        assert_int_equal(address_port(&source), 0);
    }
    ip("route del default");
    assert_int_equal(address_parse("8.8.8.8", 9, &to), 0);
    assert_int_equal(interfaces_source_for(&to, &source), -ENETUNREACH);
}

/* ---- without netlink ---- */

static void set_address(const char *name, const char *text)
{
    struct ifreq request = {0};
    struct address address = host(text);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    memcpy(&request.ifr_addr, &address.storage, sizeof request.ifr_addr);
    assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
    close(fd);
}

static void on_change(void *arg)
{
    bool *has_changed = arg;
    *has_changed = true;
}

static void test_without_netlink(void **state)
{
    (void)state;
    if (!build_network())
        skip();
    add_interface("eth1", "10.1.0.10/8");
    add_interface("eth2", "192.168.7.1/24");
    ip("route add default dev eth1");
    if (!forgo_netlink())
        skip();
    struct interface *list;
    int error;
    int count = interfaces_list(&list, &error);
    assert_int_equal(error, -EAFNOSUPPORT);
    assert_int_equal(count, 3);
    assert_true(find(list, count, "10.1.0.10")->is_default);
    assert_false(find(list, count, "192.168.7.1")->is_default);
    assert_string_equal(find(list, count, "192.168.7.1")->name, "eth2");
    assert_true(find(list, count, "127.0.0.1")->is_loopback);
    free(list);
    assert_true(is_ours("10.1.0.10"));
    assert_false(is_ours("10.1.0.11"));

    struct loop *loop = loop_new();
    bool has_changed = false;
    struct address_watch *watch = address_watch_new(loop, on_change, &has_changed);
    set_address("eth1", "10.1.0.11");
    run_until(loop, &has_changed);
    address_watch_free(watch);
    loop_free(loop);
    assert_true(is_ours("10.1.0.11"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list), cmocka_unit_test(test_source),
        cmocka_unit_test(test_without_netlink), /* the last: it stays so */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
