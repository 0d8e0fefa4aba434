/*
 * The table names trackers that have been there for years and are still kept:
 * those that the lists of WebTorrent programs name in 2026.
 */
#include "signal/tracker_place.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buf.h"

static const char *const public_trackers[] = {
    "wss://tracker.openwebtorrent.com",
    "wss://tracker.webtorrent.dev",
    "wss://tracker.btorrent.xyz",
    "wss://tracker.files.fm:7073/announce",
};

enum { PUBLIC_COUNT = sizeof public_trackers / sizeof *public_trackers, DESCRIPTION_MAX = 4096 };

bool tracker_place_is_meant(const char *text)
{
    return strncasecmp(text, TRACKER_SCHEME, strlen(TRACKER_SCHEME)) == 0;
}

bool tracker_place_is(const struct url *url)
{
    return url->scheme && strcmp(url->scheme, "tracker") == 0;
}

bool tracker_place_is_public(const struct url *url)
{
    return tracker_place_is(url) && !*url->host;
}

static struct url public_place(void)
{
    return (struct url){.scheme = xstrdup("tracker"),
                        .host = xstrdup(""),
                        .path = xstrdup("/"),
                        .authority = xstrdup("")};
}

/* The URLs of a list between commas, at most max. Their number; or -EINVAL with
 * *why, and none. */
static int parse_list(const char *list, struct url *out, size_t max, const char **why)
{
    char *copy = xstrdup(list);
    char *rest = copy;
    size_t count = 0;
    *why = NULL;
    for (char *one; !*why && (one = strsep(&rest, ",")) != NULL;) {
        bool is_websocket = strncasecmp(one, "wss://", 6) == 0 || strncasecmp(one, "ws://", 5) == 0;
        if (!is_websocket)
            *why = "must have nothing behind 'tracker:', for public trackers, or wss:// URLs, as "
                   "in tracker:wss://tracker.example.org/announce";
        else if (count == max)
            *why = "is one tracker too many; 8 are the most";
        else if (url_parse(one, &out[count], why) == 0)
            count++;
    }
    free(copy);
    while (*why && count > 0)
        url_deinit(&out[--count]);
    return *why ? -EINVAL : (int)count;
}

int tracker_place_parse(const char *text, struct url *out, const char **why)
{
    struct url urls[TRACKERS_MAX];
    const char *list = text + strlen(TRACKER_SCHEME);
    assert(tracker_place_is_meant(text));
    if (!*list) {
        *out = public_place();
        return 0;
    }
    int count = parse_list(list, urls, TRACKERS_MAX, why);
    if (count < 0)
        return count;
    *out = urls[0];
    for (int i = 1; i < count; i++) {
        out->is_tls = out->is_tls || urls[i].is_tls;
        url_deinit(&urls[i]);
    }
    free(out->scheme);
    free(out->path);
    out->scheme = xstrdup("tracker");
    out->path = xstrdup(list);
    return 0;
}

size_t tracker_place_urls(const struct url *place, struct url out[TRACKERS_MAX])
{
    const char *why;
    int count = 0;
    if (!tracker_place_is_public(place)) {
        count = parse_list(place->path, out, TRACKERS_MAX, &why);
    } else {
        while (count < PUBLIC_COUNT && url_parse(public_trackers[count], &out[count], &why) == 0)
            count++;
    }
    assert(count > 0); /* it was parsed before */
    return (size_t)count;
}

char *tracker_place_describe(const struct url *place)
{
    struct buf text;
    struct url urls[TRACKERS_MAX];
    size_t count = tracker_place_urls(place, urls);
    buf_init(&text, DESCRIPTION_MAX);
    buf_append_format(&text, "the %stracker%s ", tracker_place_is_public(place) ? "public " : "",
                      count > 1 ? "s" : "");
    for (size_t i = 0; i < count; i++) {
        buf_append_format(&text, "%s%s", i > 0 ? ", " : "", urls[i].authority);
        url_deinit(&urls[i]);
    }
    char *copy = xstrndup(buf_bytes(&text));
    buf_deinit(&text);
    return copy;
}
