/*
 * Where a Redis is:
 *
 *   redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]                 port 6379
 *   redis+sentinel://[USER[:PASSWORD]@]HOST[:PORT],…/NAME[/DB]  port 26379
 *
 * and the same with rediss, which speaks TLS. Redis takes a password without a
 * user as ":PASSWORD@". What stands before @ may be percent-encoded (RFC 3986
 * section 2.1), and is for Redis itself: Sentinels are asked without.
 */
#ifndef SIGNAL_REDIS_URL_H
#define SIGNAL_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REDIS_HOSTS_MAX = 8, REDIS_DB_MAX = 65535 };

struct redis_host {
    char *host; /* without brackets */
    uint16_t port;
};

struct redis_url {
    bool is_tls;
    char *name; /* that Sentinels know it by; NULL: hosts[0] is the Redis */
    struct redis_host hosts[REDIS_HOSTS_MAX];
    size_t host_count;
    char *user;     /* or NULL */
    char *password; /* or NULL */
    unsigned db;
};

/* 0 or -EINVAL with *why (static) saying what would be right. */
int redis_url_parse(const char *text, struct redis_url *out, const char **why);
void redis_url_deinit(struct redis_url *url);

#endif
