/*
 * The variables by which programs are told of a network's proxy: HTTP_PROXY or
 * HTTPS_PROXY by what they speak, else ALL_PROXY, and NO_PROXY; each also in
 * lower case, which comes first. get is getenv(3), or what a test has for it.
 */
#ifndef CLI_EGRESS_VARIABLES_H
#define CLI_EGRESS_VARIABLES_H

#include "net/egress.h"

/* Of our own connections, which are TLS or are led through by CONNECT. 0 with
 * *out, which is NULL where no variable names a proxy; or -EINVAL for a value
 * that is wrong: *variable is whose, and *why what would be right. */
int egress_variables_read(char *(*get)(const char *name), struct egress **out,
                          const char **variable, const char **why);

/* A sentence on why clients that are started with these variables would ask a
 * network's proxy for what listens at host and port, and what keeps them from
 * it; from malloc. NULL where they would not, or do not speak HTTP. scheme:
 * "http", "https" or another; host: a literal or "localhost". */
char *egress_variables_detour(char *(*get)(const char *name), const char *scheme, const char *host,
                              uint16_t port);

#endif
