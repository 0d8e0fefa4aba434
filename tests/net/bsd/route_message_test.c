/*
 * What a routing socket's messages are taken for: of routes only those that
 * lead to half the internet or more, and of what is cut off nothing.
 */
#include "testing.h"

#include <string.h>
#include <sys/socket.h>

#include <net/route.h>

#include "net/bsd/names.h"
#include "net/bsd/route_message.h"

struct datagram {
    uint8_t bytes[1024];
    size_t len;
};

static void append(struct datagram *d, const void *bytes, size_t len)
{
    assert_true(len <= sizeof d->bytes - d->len);
    memcpy(d->bytes + d->len, bytes, len);
    d->len += len;
}

/* An address as the kernel writes it: cut off at len, then filled up. */
static void append_address(struct datagram *d, int family, size_t len, size_t first, uint8_t byte)
{
    uint8_t address[32] = {(uint8_t)len, (uint8_t)family};
    size_t room = len == 0 ? ROUTE_ALIGN : (len + ROUTE_ALIGN - 1) / ROUTE_ALIGN * ROUTE_ALIGN;
    if (len == 0)
        address[1] = 0;
    if (first < len)
        address[first] = byte;
    append(d, address, room);
}

struct route {
    int type;
    int flags;
    int family;
    bool has_mask;
    size_t mask_len; /* as the kernel cuts it */
    uint8_t mask;    /* its first byte */
    uint8_t host;    /* first byte of the destination */
    enum address_news is;
};

static void append_route(struct datagram *d, const struct route *route)
{
    size_t start = d->len;
    bool is_v4 = route->family == AF_INET;
    size_t offset = is_v4 ? 4 : 8;
    struct rt_msghdr header = {.rtm_version = RTM_VERSION,
                               .rtm_type = (uint8_t)route->type,
                               .rtm_flags = route->flags,
                               .rtm_addrs = RTA_DST | RTA_GATEWAY};
    if (route->has_mask)
        header.rtm_addrs |= RTA_NETMASK;
    append(d, &header, sizeof header);
    append_address(d, route->family, is_v4 ? 16 : 28, offset, route->host);
    append_address(d, route->family, is_v4 ? 16 : 28, offset, 0xfe); /* the gateway */
    if (route->has_mask)
        append_address(d, 0, route->mask_len, offset, route->mask);
    uint16_t len = (uint16_t)(d->len - start);
    memcpy(d->bytes + start, &len, sizeof len);
}

/* Of another kind, whose header is short. */
static void append_other(struct datagram *d, int type)
{
    uint8_t message[24] = {0};
    uint16_t len = sizeof message;
    memcpy(message, &len, sizeof len);
    message[2] = RTM_VERSION;
    message[3] = (uint8_t)type;
    append(d, message, sizeof message);
}

static const struct route routes[] = {
    {RTM_ADD, 0, AF_INET, true, 0, 0, 0, ADDRESS_NEWS_ROUTES}, /* default */
    {RTM_DELETE, 0, AF_INET, false, 0, 0, 0, ADDRESS_NEWS_ROUTES},
    {RTM_CHANGE, 0, AF_INET6, true, 0, 0, 0, ADDRESS_NEWS_ROUTES},
    {RTM_ADD, 0, AF_INET, true, 5, 0x80, 0, ADDRESS_NEWS_ROUTES}, /* 0.0.0.0/1 */
    {RTM_ADD, 0, AF_INET, true, 5, 0x80, 128, ADDRESS_NEWS_ROUTES},
    {RTM_ADD, 0, AF_INET6, true, 9, 0x80, 0x80, ADDRESS_NEWS_ROUTES},
    {RTM_ADD, 0, AF_INET, true, 5, 0xc0, 0, ADDRESS_NEWS_NONE}, /* a quarter */
    {RTM_ADD, 0, AF_INET, true, 5, 0xff, 10, ADDRESS_NEWS_NONE},
    {RTM_ADD, 0, AF_INET6, true, 9, 0xe0, 0x20, ADDRESS_NEWS_NONE},
    {RTM_ADD, 0, AF_INET, false, 0, 0, 10, ADDRESS_NEWS_NONE},
    {RTM_ADD, RTF_HOST, AF_INET, false, 0, 0, 0, ADDRESS_NEWS_NONE},
    {RTM_GET, 0, AF_INET, true, 0, 0, 0, ADDRESS_NEWS_NONE}, /* somebody asks */
};

static void test_routes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        struct datagram d = {.len = 0};
        append_route(&d, &routes[i]);
        if (route_message_judge(d.bytes, d.len) != routes[i].is)
            fail_msg("route %zu is %d", i, route_message_judge(d.bytes, d.len));
    }
}

static void test_others(void **state)
{
    static const struct {
        int type;
        enum address_news is;
    } rows[] = {{RTM_NEWADDR, ADDRESS_NEWS_ALL},
                {RTM_DELADDR, ADDRESS_NEWS_ALL},
                {RTM_IFINFO, ADDRESS_NEWS_ALL},
                {RTM_NEWMADDR, ADDRESS_NEWS_NONE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct datagram d = {.len = 0};
        append_other(&d, rows[i].type);
        assert_int_equal(route_message_judge(d.bytes, d.len), rows[i].is);
    }
}

/* What counts most counts, wherever it stands. */
static void test_several(void **state)
{
    struct datagram d = {.len = 0};
    (void)state;
    append_route(&d, &routes[7]);
    assert_int_equal(route_message_judge(d.bytes, d.len), ADDRESS_NEWS_NONE);
    append_route(&d, &routes[0]);
    assert_int_equal(route_message_judge(d.bytes, d.len), ADDRESS_NEWS_ROUTES);
    append_other(&d, RTM_NEWADDR);
    append_route(&d, &routes[7]);
    assert_int_equal(route_message_judge(d.bytes, d.len), ADDRESS_NEWS_ALL);
}

static void test_another_version(void **state)
{
    struct datagram d = {.len = 0};
    (void)state;
    append_other(&d, RTM_NEWADDR);
    d.bytes[2] = RTM_VERSION + 1;
    append_route(&d, &routes[0]); /* still looked at */
    assert_int_equal(route_message_judge(d.bytes, d.len), ADDRESS_NEWS_ROUTES);
}

/* Also where the length that stands in front is that of the part. */
static void test_cut_off(void **state)
{
    struct datagram d = {.len = 0};
    (void)state;
    append_route(&d, &routes[4]);
    for (size_t len = 0; len < d.len; len++) {
        struct guard g = guard_new(d.bytes, len);
        assert_int_equal(route_message_judge(g.bytes.data, len), ADDRESS_NEWS_NONE);
        uint16_t told = (uint16_t)len;
        if (len >= sizeof told)
            memcpy(g.map + (g.bytes.data - g.map), &told, sizeof told);
        route_message_judge(g.bytes.data, len); /* reads no further */
        guard_free(&g);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    for (int len = 0; len <= 255; len++) { /* of the destination: read no further */
        struct datagram d = {.len = 0};
        append_route(&d, &routes[0]);
        d.bytes[sizeof(struct rt_msghdr)] = (uint8_t)len;
        struct guard g = guard_new(d.bytes, d.len);
        route_message_judge(g.bytes.data, d.len);
        guard_free(&g);
    }
    for (uint16_t len = 0; len < 4; len++) { /* of a message: no end of it */
        struct datagram d = {.len = 0};
        append_other(&d, RTM_NEWADDR);
        memcpy(d.bytes, &len, sizeof len);
        assert_int_equal(route_message_judge(d.bytes, d.len), ADDRESS_NEWS_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),  cmocka_unit_test(test_others),
        cmocka_unit_test(test_several), cmocka_unit_test(test_another_version),
        cmocka_unit_test(test_cut_off), cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
