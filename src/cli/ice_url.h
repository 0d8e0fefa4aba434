/*
 * The URLs of STUN and TURN servers as somebody types them, for `tunnel` and
 * for `signal-server`: what they must be, and what may be meant by one without
 * its scheme.
 */
#ifndef CLI_ICE_URL_H
#define CLI_ICE_URL_H

#include <stdbool.h>

#include "net/ice_server_url.h"

/* Whether it begins as that of such a server does. */
bool ice_url_has_scheme(enum ice_server_type type, const char *text);

/* Of one. NULL, or what would be right (static). */
const char *ice_url_check(enum ice_server_type type, const char *text);

/* The same URL, or several between commas, with the scheme in front of each
 * that has none; to be freed. NULL where that would not be right either, or may
 * bear a secret. */
char *ice_url_complete(enum ice_server_type type, const char *text);

#endif
