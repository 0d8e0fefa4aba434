/*
 * Sockets that share a port share it with any other process of this user that
 * asks for the same: so the port is first taken by one that does not share, and
 * a second server at it is told so.
 */
#include "net/listening.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/nonblock.h"
#include "net/steering.h"

enum { PORT_TRIES = 16 /* of one that is free at each address */ };

/* A listening descriptor, or a negative errno. */
static int listen_on(const struct address *address, bool is_shared)
{
    int family = address->storage.ss_family;
    int fd = nonblock_socket(family, SOCK_STREAM);
    if (fd < 0)
        return fd == -EAFNOSUPPORT ? -EADDRNOTAVAIL : fd;
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) /* "::" is for IPv4, too, on every system */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (is_shared)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address->storage, address->len) == 0 &&
        listen(fd, LISTENING_BACKLOG) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static uint16_t port_of(int fd)
{
    struct address address = {.len = sizeof address.storage};
    if (getsockname(fd, (struct sockaddr *)&address.storage, &address.len) < 0)
        return 0;
    return address_port(&address);
}

/* The addresses of a host, and which of them this machine has. */
struct place {
    struct address addresses[RESOLVE_ADDRESSES_MAX];
    int count;
};

/* All of the addresses, at the port that the first one gets. One that this
 * machine does not have (IPv6 may be off) is left out if there is another. */
static int listen_on_all(struct place *place, bool is_shared, struct listening *out)
{
    int error = -EINVAL;
    out->count = 0;
    for (int i = 0; i < place->count; i++) {
        if (out->count > 0)
            address_set_port(&place->addresses[i], port_of(out->fds[0]));
        int fd = listen_on(&place->addresses[i], is_shared);
        if (fd >= 0) {
            out->fds[out->count++] = fd;
            continue;
        }
        error = fd;
        if (error != -EADDRNOTAVAIL) {
            listening_close(out);
            return error;
        }
    }
    return out->count > 0 ? 0 : error;
}

/* The loopback addresses of both families, whatever the hosts file has: some
 * clients try one of them only (RFC 6761 section 6.3). */
static void localhost(uint16_t port, struct place *out)
{
    address_parse("127.0.0.1", port, &out->addresses[0]);
    address_parse("::1", port, &out->addresses[1]);
    out->count = 2;
}

static bool has_address(const struct place *place, const struct addrinfo *ai)
{
    for (int i = 0; i < place->count; i++) {
        if (place->addresses[i].len == ai->ai_addrlen &&
            memcmp(&place->addresses[i].storage, ai->ai_addr, ai->ai_addrlen) == 0)
            return true;
    }
    return false;
}

/* The addresses of a name or literal, each once. */
static void look_up(const char *host, uint16_t port, struct place *out)
{
    *out = (struct place){0};
    if (strcasecmp(host, "localhost") == 0) {
        localhost(port, out);
        return;
    }
    char service[6];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    if (getaddrinfo(host, service, &hints, &list) != 0)
        return;
    for (const struct addrinfo *ai = list; ai && out->count < RESOLVE_ADDRESSES_MAX;
         ai = ai->ai_next) {
        if (has_address(out, ai))
            continue;
        struct address *address = &out->addresses[out->count++];
        memcpy(&address->storage, ai->ai_addr, ai->ai_addrlen);
        address->len = ai->ai_addrlen;
    }
    freeaddrinfo(list);
}

static int open_at(struct place *place, uint16_t port, struct listening *out)
{
    int error = listen_on_all(place, false, out);
    /* One that the kernel picked for the first address may be taken at the
     * next. */
    for (int i = 1; port == 0 && error == -EADDRINUSE && i < PORT_TRIES; i++)
        error = listen_on_all(place, false, out);
    return error;
}

int listening_open(const char *host, uint16_t port, struct listening *out)
{
    struct place place;
    look_up(host, port, &place);
    return open_at(&place, port, out);
}

static int steer(const struct listening *listening, int count)
{
    int error = 0;
    for (int i = 0; i < listening->count && error == 0; i++)
        error = steer_by_source(listening->fds[i], (uint32_t)count);
    return error;
}

int listening_open_shared(const char *host, uint16_t port, struct listening out[], int count,
                          bool by_source)
{
    struct place place;
    look_up(host, port, &place);
    int error = open_at(&place, port, &out[0]);
    if (error < 0)
        return error;
    for (int i = 0; i < place.count; i++)
        address_set_port(&place.addresses[i], listening_port(&out[0]));
    listening_close(&out[0]);
    int opened = 0;
    while (opened < count && error == 0) {
        error = listen_on_all(&place, true, &out[opened]);
        opened += error == 0;
    }
    if (error == 0 && by_source)
        error = steer(&out[0], count);
    for (int i = 0; i < opened && error < 0; i++)
        listening_close(&out[i]);
    return error;
}

uint16_t listening_port(const struct listening *listening)
{
    return port_of(listening->fds[0]);
}

void listening_close(struct listening *listening)
{
    for (int i = 0; i < listening->count; i++)
        close(listening->fds[i]);
    listening->count = 0;
}
