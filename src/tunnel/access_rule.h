/*
 * What an invite lets its device ask for: `--allow 'METHOD PATH-GLOB'`. Pure.
 *
 * A path is matched in its normal form. Two servers may read one path in two
 * ways, and a rule is worth nothing when the upstream reads it otherwise: a
 * path that has more than one reading has no normal form, and no rule but "*"
 * allows it.
 */
#ifndef TUNNEL_ACCESS_RULE_H
#define TUNNEL_ACCESS_RULE_H

#include "base/span.h"

enum { ACCESS_RULE_MAX = 1024 }; /* bytes of one */

/* NULL for a rule, or what is wrong, as in "must be 'METHOD PATH' …". METHOD
 * is a method or "*". PATH begins with '/', and a '*' in it stands for any run
 * of characters, also over '/'; "*" alone stands for all that can be asked. */
const char *access_rule_check(const char *text);

/* The normal form of a request's path, without its query, to be freed: codes of
 * unreserved characters are decoded, other codes are in upper case (RFC 3986
 * section 6.2.2). NULL for what has none: no path at all, "." and ".."
 * segments, empty ones but the last, also where parameters (";x") make them so,
 * backslashes, codes of '/', '\', '%' and control characters, and bytes that
 * may not stand in a path. */
char *access_path(struct span target);

/* path: as access_path() gives it, or NULL. The rule has passed
 * access_rule_check(). */
bool access_rule_matches(const char *rule, struct span method, const char *path);

#endif
