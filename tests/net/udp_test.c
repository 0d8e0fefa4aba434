/*
 * Bursts over real sockets on the loopback: what was sent as one comes out as
 * the same datagrams, whether the kernel cuts and joins them or not.
 */
#include "testing.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/udp.h"

struct end {
    struct loop *loop;
    struct udp *udp;
    struct address address;
    size_t datagrams;
    size_t bytes;
    size_t wanted; /* datagrams, after which the loop stops */
    size_t last_len;
    bool closes;
};

static void on_burst(struct span bytes, size_t segment, const struct address *from, void *arg)
{
    struct end *end = arg;
    assert_true(from->len > 0 && segment > 0);
    while (bytes.len > 0) {
        size_t len = bytes.len < segment ? bytes.len : segment;
        for (size_t i = 0; i < len; i++)
            assert_int_equal(bytes.data[i], (uint8_t)end->datagrams);
        end->datagrams++;
        end->bytes += len;
        end->last_len = len;
        bytes = span_skip(bytes, len);
    }
    if (end->closes) {
        udp_close(end->udp);
        end->udp = NULL;
    }
    if (end->closes || end->datagrams >= end->wanted)
        loop_stop(end->loop);
}

static void end_open(struct end *end, struct loop *loop, const char *host)
{
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    struct address any;
    assert_int_equal(address_parse(host, 0, &any), 0);
    *end = (struct end){.loop = loop};
    assert_int_equal(udp_new(loop, &any, &handlers, end, &end->udp), 0);
    udp_local_address(end->udp, &end->address);
    assert_int_not_equal(address_port(&end->address), 0);
}

static void end_close(struct end *end)
{
    if (end->udp)
        udp_close(end->udp);
}

/* Datagram i is filled with byte i; the last has last_len bytes. */
static size_t fill(uint8_t *burst, size_t count, size_t segment, size_t last_len)
{
    for (size_t i = 0; i < count; i++)
        memset(burst + i * segment, (int)i, i + 1 < count ? segment : last_len);
    return (count - 1) * segment + last_len;
}

static void check_bursts(const char *host, bool has_offload)
{
    static const struct {
        size_t count, segment, last_len;
    } rows[] = {
        {1, 1200, 1200}, {1, 1, 1},        {2, 1200, 1}, {10, 1000, 500},
        {54, 1200, 100}, {64, 1000, 1000}, {64, 1, 1},
    };
    static uint8_t burst[UDP_BURST_BYTES];
    struct loop *loop = loop_new();
    struct end from, to;
    end_open(&from, loop, host);
    end_open(&to, loop, host);
    if (!has_offload) {
        udp_forgo_offload(from.udp);
        udp_forgo_offload(to.udp);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = fill(burst, rows[i].count, rows[i].segment, rows[i].last_len);
        to.datagrams = to.bytes = 0;
        to.wanted = rows[i].count;
        assert_int_equal(udp_send(from.udp, span_of(burst, len), rows[i].segment, &to.address), 0);
        loop_run(loop);
        assert_int_equal(to.datagrams, rows[i].count);
        assert_int_equal(to.bytes, len);
        assert_int_equal(to.last_len, rows[i].last_len);
    }
    end_close(&from);
    end_close(&to);
    loop_free(loop);
}

static void test_bursts_over_ipv4(void **state)
{
    (void)state;
    check_bursts("127.0.0.1", true);
}

static void test_bursts_over_ipv6(void **state)
{
    (void)state;
    check_bursts("::1", true);
}

static void test_bursts_without_offload(void **state)
{
    (void)state;
    check_bursts("127.0.0.1", false);
    check_bursts("::1", false);
}

static void test_close_under_handler(void **state)
{
    (void)state;
    static uint8_t burst[2 * 100];
    struct loop *loop = loop_new();
    struct end from, to;
    end_open(&from, loop, "127.0.0.1");
    end_open(&to, loop, "127.0.0.1");
    to.closes = true;
    size_t len = fill(burst, 2, 100, 100);
    for (int i = 0; i < 3; i++)
        assert_int_equal(udp_send(from.udp, span_of(burst, len), 100, &to.address), 0);
    loop_run(loop);
    assert_null(to.udp);
    end_close(&from);
    loop_free(loop);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct udp_handlers handlers = {.on_burst = on_burst};
    static uint8_t datagram[UDP_BURST_BYTES];
    struct loop *loop = loop_new();
    struct udp *udp;
    struct address foreign;
    assert_int_equal(address_parse("192.0.2.123", 0, &foreign), 0);
    assert_int_equal(udp_new(loop, &foreign, &handlers, NULL, &udp), -EADDRNOTAVAIL);

    struct end from;
    end_open(&from, loop, "::1");
    struct address other_family;
    assert_int_equal(address_parse("127.0.0.1", 9, &other_family), 0);
    assert_true(udp_send(from.udp, span_of(datagram, 1), 1, &other_family) < 0);
    end_close(&from);
    loop_free(loop);
}

static void set_loopback(unsigned long request_code, struct ifreq request)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    memcpy(request.ifr_name, "lo", sizeof "lo");
    assert_int_equal(ioctl(fd, request_code, &request), 0);
    close(fd);
}

/* A network namespace of our own, whose loopback is as narrow as Ethernet.
 * For all that follows in this process. */
static bool enter_narrow_network(void)
{
    if (unshare(CLONE_NEWNET) < 0)
        return false;
    set_loopback(SIOCSIFFLAGS, (struct ifreq){.ifr_flags = IFF_UP});
    set_loopback(SIOCSIFMTU, (struct ifreq){.ifr_mtu = 1500});
    return true;
}

/* An emulator of user space may not know the question. */
static bool is_mtu_told(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    int mtu;
    socklen_t len = sizeof mtu;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    bool is_told = getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len) == 0;
    assert_true(is_told || errno == ENOPROTOOPT || errno == EOPNOTSUPP);
    close(fd);
    return is_told;
}

static void check_narrow_path(const char *host, size_t most)
{
    static uint8_t burst[UDP_BURST_BYTES];
    struct loop *loop = loop_new();
    struct end from, to;
    end_open(&from, loop, host);
    end_open(&to, loop, host);
    assert_int_equal(udp_route_max(&to.address), most);
    size_t len = fill(burst, 2, most + 1, most + 1);
    assert_int_equal(udp_send(from.udp, span_of(burst, most + 1), most + 1, &to.address),
                     -EMSGSIZE);
    assert_int_equal(udp_send(from.udp, span_of(burst, len), most + 1, &to.address), -EMSGSIZE);

    to.wanted = 2;
    len = fill(burst, 2, 9000, 5000);
    assert_int_equal(udp_send_in_fragments(from.udp, span_of(burst, len), 9000, &to.address), 0);
    loop_run(loop);
    assert_int_equal(to.bytes, len);
    assert_int_equal(to.last_len, 5000);

    /* DF is set again. */
    assert_int_equal(udp_send(from.udp, span_of(burst, most + 1), most + 1, &to.address),
                     -EMSGSIZE);
    end_close(&from);
    end_close(&to);
    loop_free(loop);
}

static void test_what_the_path_takes(void **state)
{
    (void)state;
    if (!enter_narrow_network()) {
        print_message("skipped: needs root, for a network namespace\n");
        skip();
    }
    if (!is_mtu_told()) {
        print_message("skipped: IP_MTU is not known here, as under qemu-user\n");
        skip();
    }
    check_narrow_path("127.0.0.1", 1500 - 28);
    check_narrow_path("::1", 1500 - 48);
    set_loopback(SIOCSIFMTU, (struct ifreq){.ifr_mtu = 1000});
    check_narrow_path("127.0.0.1", 1000 - 28);
    /* No way is taken for one that carries nothing. */
    struct address to;
    assert_int_equal(address_parse("127.0.0.1", 9, &to), 0);
    set_loopback(SIOCSIFMTU, (struct ifreq){.ifr_mtu = 400});
    assert_int_equal(udp_route_max(&to), 576 - 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bursts_over_ipv4),
        cmocka_unit_test(test_bursts_over_ipv6),
        cmocka_unit_test(test_bursts_without_offload),
        cmocka_unit_test(test_close_under_handler),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_what_the_path_takes), /* last: moves to another network */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
