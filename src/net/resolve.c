/*
 * getaddrinfo(3) in libuv's pool. A literal takes the same way in a later
 * turn, without the pool, so that callers have one path.
 *
 * Of the pool's threads libuv gives look-ups no more than half, lest they hold
 * up everything else in it: of its four, two. Where DNS is dead that is the
 * signal server's name and one more, so the pool is asked to have eight, of
 * whose four places those who can wait get two.
 */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/list.h"
#include "net/loop_internal.h"
#include "net/loop_uv.h"

enum resolution_state {
    RESOLUTION_WAITS,   /* for a place */
    RESOLUTION_ASKED,   /* it is in the pool */
    RESOLUTION_DEFERRED /* the answer is known and comes in a later turn */
};

struct resolution {
    uv_getaddrinfo_t uv;
    struct list link; /* while it waits */
    struct loop *loop;
    enum resolution_state state;
    bool is_patient;
    bool is_localhost;
    char *host; /* while it waits */
    void (*on_done)(const struct address *addresses, int count, int error, void *arg);
    void *arg;
    uint16_t port;
    bool is_cancelled;
    struct address literal;
};

const char *address_format(const struct address *address, char out[ADDRESS_TEXT_LEN])
{
    char host[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_storage *storage = &address->storage;
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)storage;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_LEN, "%s:%u", host, address_port(address));
    } else if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)storage;
        char zone[1 + IF_NAMESIZE] = "%";
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        bool has_zone = in6->sin6_scope_id && if_indextoname(in6->sin6_scope_id, zone + 1);
        snprintf(out, ADDRESS_TEXT_LEN, "[%s%s]:%u", host, has_zone ? zone : "",
                 address_port(address));
    } else {
        snprintf(out, ADDRESS_TEXT_LEN, "unknown address");
    }
    return out;
}

void address_set_port(struct address *address, uint16_t port)
{
    struct sockaddr_storage *storage = &address->storage;
    if (storage->ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)storage)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)(void *)storage)->sin6_port = htons(port);
}

uint16_t address_port(const struct address *address)
{
    const struct sockaddr_storage *storage = &address->storage;
    if (storage->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)storage)->sin_port);
    if (storage->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)storage)->sin6_port);
    return 0;
}

int address_parse(const char *host, uint16_t port, struct address *out)
{
    *out = (struct address){0};
    struct sockaddr_in *in = (void *)&out->storage;
    struct sockaddr_in6 *in6 = (void *)&out->storage;
    if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        out->len = sizeof *in;
    } else if (uv_ip6_addr(host, 0, in6) == 0) { /* knows the zone of fe80::1%eth0 */
        out->len = sizeof *in6;
    } else {
        *out = (struct address){0};
        return -EINVAL;
    }
    address_set_port(out, port);
    return 0;
}

static void resolution_free(struct resolution *r)
{
    free(r->host);
    free(r);
}

/* The pool's or the deferred call's last use of the resolution. */
static void resolution_finish(struct resolution *r, const struct address *addresses, int count,
                              int error)
{
    if (r->is_cancelled) {
        loop_patient_line(r->loop)->abandoned--;
    } else {
        loop_drop_object(r->loop);
        r->on_done(addresses, count, error, r->arg);
    }
    resolution_free(r);
}

static void resolve_literal(void *arg)
{
    struct resolution *r = arg;
    resolution_finish(r, &r->literal, 1, 0);
}

static int error_from_uv(int status)
{
    return status == UV_EAI_NONAME || status == UV_EAI_NODATA ? -ENOENT : -EAGAIN;
}

/* How many addresses of a family are taken: half of all at least, and what the
 * other one leaves. */
static int most_of(const struct addrinfo *list, int family)
{
    int others = 0;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next)
        others += ai->ai_family != family;
    int half = RESOLVE_ADDRESSES_MAX / 2;
    return RESOLVE_ADDRESSES_MAX - (others < half ? others : half);
}

static int take_addresses(const struct addrinfo *list, uint16_t port,
                          struct address out[RESOLVE_ADDRESSES_MAX])
{
    int left_v4 = most_of(list, AF_INET);
    int left_v6 = most_of(list, AF_INET6);
    int count = 0;
    for (const struct addrinfo *ai = list; ai && count < RESOLVE_ADDRESSES_MAX; ai = ai->ai_next) {
        if ((ai->ai_family != AF_INET || left_v4-- <= 0) &&
            (ai->ai_family != AF_INET6 || left_v6-- <= 0))
            continue;
        struct address *address = &out[count++];
        *address = (struct address){.len = ai->ai_addrlen};
        memcpy(&address->storage, ai->ai_addr, ai->ai_addrlen);
        address_set_port(address, port);
    }
    return count;
}

/* This machine, by RFC 6761 section 6.3, whatever a name server knows. */
static bool is_localhost(const char *host)
{
    static const char name[] = "localhost";
    size_t len = strlen(host);
    len -= len > 0 && host[len - 1] == '.';
    size_t before = len - (sizeof name - 1);
    return len >= sizeof name - 1 && strncasecmp(host + before, name, sizeof name - 1) == 0 &&
           (before == 0 || host[before - 1] == '.');
}

static int take_loopback(uint16_t port, struct address out[RESOLVE_ADDRESSES_MAX])
{
    int error = address_parse("127.0.0.1", port, &out[0]) | address_parse("::1", port, &out[1]);
    assert(error == 0);
    (void)error;
    return 2;
}

static void ask_waiting(struct loop *loop);

static void on_getaddrinfo(uv_getaddrinfo_t *uv, int status, struct addrinfo *list)
{
    struct resolution *r = uv->data;
    struct address addresses[RESOLVE_ADDRESSES_MAX];
    int count = take_addresses(list, r->port, addresses);
    uv_freeaddrinfo(list);
    int error = 0;
    if (count == 0 && r->is_localhost) /* a container may have no /etc/hosts */
        count = take_loopback(r->port, addresses);
    if (count == 0)
        error = status == 0 ? -ENOENT : error_from_uv(status);
    if (r->is_patient) {
        loop_patient_line(r->loop)->asked--;
        ask_waiting(r->loop);
    }
    resolution_finish(r, addresses, count, error);
}

static void resolve_failed(void *arg)
{
    resolution_finish(arg, NULL, 0, -ENOENT);
}

static void defer(struct resolution *r, void (*fn)(void *arg))
{
    r->state = RESOLUTION_DEFERRED;
    loop_defer(r->loop, fn, r);
}

static void ask(struct resolution *r, const char *host)
{
    /* AI_ADDRCONFIG spares a machine without IPv6 the doomed addresses. */
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_ADDRCONFIG};
    int error = uv_getaddrinfo(loop_uv(r->loop), &r->uv, on_getaddrinfo, host, NULL, &hints);
    if (error != 0) { /* a name that IDNA refuses, or one over 255 bytes */
        defer(r, resolve_failed);
        return;
    }
    r->state = RESOLUTION_ASKED;
    loop_patient_line(r->loop)->asked += r->is_patient;
}

static void ask_waiting(struct loop *loop)
{
    struct patient_line *line = loop_patient_line(loop);
    while (line->asked < RESOLVE_PATIENT_MAX && !list_is_empty(&line->waiting)) {
        struct resolution *r = LIST_ENTRY(line->waiting.next, struct resolution, link);
        list_remove(&r->link);
        ask(r, r->host);
    }
}

/* A literal is answered already. */
static struct resolution *resolution_new(struct loop *loop, const char *host, uint16_t port)
{
    struct resolution *r = xcalloc(1, sizeof *r);
    r->loop = loop;
    r->port = port;
    r->uv.data = r;
    r->is_localhost = is_localhost(host);
    loop_add_object(loop);
    if (address_parse(host, port, &r->literal) == 0)
        defer(r, resolve_literal);
    return r;
}

struct resolution *resolve(struct loop *loop, const char *host, uint16_t port,
                           void (*on_done)(const struct address *addresses, int count, int error,
                                           void *arg),
                           void *arg)
{
    struct resolution *r = resolution_new(loop, host, port);
    r->on_done = on_done;
    r->arg = arg;
    if (r->state != RESOLUTION_DEFERRED)
        ask(r, host);
    return r;
}

struct resolution *resolve_patiently(struct loop *loop, const char *host, uint16_t port,
                                     void (*on_done)(const struct address *addresses, int count,
                                                     int error, void *arg),
                                     void *arg)
{
    struct resolution *r = resolution_new(loop, host, port);
    r->on_done = on_done;
    r->arg = arg;
    r->is_patient = true;
    if (r->state == RESOLUTION_DEFERRED)
        return r;
    r->host = xstrdup(host);
    list_append(&loop_patient_line(loop)->waiting, &r->link);
    ask_waiting(loop);
    return r;
}

void resolution_cancel(struct resolution *r)
{
    assert(!r->is_cancelled);
    loop_drop_object(r->loop);
    if (r->state == RESOLUTION_WAITS) {
        list_remove(&r->link);
        resolution_free(r);
        return;
    }
    r->is_cancelled = true;
    loop_patient_line(r->loop)->abandoned++;
    /* Fails when the pool is at it already; on_getaddrinfo comes either way. */
    if (r->state == RESOLUTION_ASKED)
        uv_cancel((uv_req_t *)&r->uv);
}
