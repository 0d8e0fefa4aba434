/*
 * Trackers as the place where others are met, in the place of a signal server's
 * URL:
 *
 *   tracker:                               those that are public
 *   tracker:wss://HOST[:PORT][/PATH][,…]   one's own
 *
 * As a struct url it has the scheme "tracker"; of the first kind no host, of
 * the other the list in the place of the path, and the rest of its first.
 */
#ifndef SIGNAL_TRACKER_PLACE_H
#define SIGNAL_TRACKER_PLACE_H

#include <stddef.h>

#include "http/url.h"

#define TRACKER_SCHEME "tracker:"

bool tracker_place_is_meant(const char *text); /* whatever stands behind the scheme */
bool tracker_place_is(const struct url *url);
bool tracker_place_is_public(const struct url *url);

/* 0, or -EINVAL with *why as of url_parse(). */
int tracker_place_parse(const char *text, struct url *out, const char **why);

enum { TRACKERS_MAX = 8 }; /* of one place */

/* Their URLs, ws or wss, each for url_deinit(). Returns how many. */
size_t tracker_place_urls(const struct url *place, struct url out[TRACKERS_MAX]);

/* What they are for people, as in "the public trackers a.example, b.example".
 * To be freed. */
char *tracker_place_describe(const struct url *place);

#endif
