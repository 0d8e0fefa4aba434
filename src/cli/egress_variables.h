/*
 * The variables by which programs are told of a network's proxy: HTTPS_PROXY,
 * else ALL_PROXY, and NO_PROXY; each also in lower case, which comes first.
 */
#ifndef CLI_EGRESS_VARIABLES_H
#define CLI_EGRESS_VARIABLES_H

#include "net/egress.h"

/* 0 with *out, which is NULL where no variable names a proxy; or -EINVAL for a
 * value that is wrong: *variable is whose, and *why what would be right. */
int egress_variables_read(struct egress **out, const char **variable, const char **why);

#endif
