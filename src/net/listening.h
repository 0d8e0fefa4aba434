/*
 * The descriptors behind a listener (net/conn.h): bound, and listening, at each
 * address of a name. Apart from it, so that one process can open what another
 * one accepts on.
 */
#ifndef NET_LISTENING_H
#define NET_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

#include "net/resolve.h"

enum { LISTENING_BACKLOG = 4096 /* as far as net.core.somaxconn allows: a storm is no refusal */ };

struct listening {
    int fds[RESOLVE_ADDRESSES_MAX];
    int count;
};

/* host is a literal or a name, looked up under this call, and taken at each of
 * its addresses; "localhost" are 127.0.0.1 and ::1, as far as the machine has
 * them. Port 0 picks one. 0, or -EADDRINUSE, -EADDRNOTAVAIL (not an address of
 * this machine), -EACCES, -EINVAL for a host that is no address at all. */
int listening_open(const char *host, uint16_t port, struct listening *out);

/* So many at the same addresses and port (SO_REUSEPORT), among which the kernel
 * divides who comes: by chance, or by_source: by IPv4 address or IPv6 /48, all
 * that come from one to the same. The errors of listening_open(), or of
 * setsockopt(2). */
int listening_open_shared(const char *host, uint16_t port, struct listening out[], int count,
                          bool by_source);

uint16_t listening_port(const struct listening *listening);
void listening_close(struct listening *listening);

#endif
