/*
 * Of the signal server's relay there are no addresses to be told.
 */
#include "cli/path_news.h"

#include <stdio.h>

/* How it leads, as in "directly: host 192.0.2.1:4000 <-> …". */
static void format(const struct peer_path *path, char *out, size_t size)
{
    if (path->is_last_resort)
        snprintf(out, size, "by way of the signal server, as nothing else works");
    else
        snprintf(out, size, "%s: %s <-> %s", path->is_relayed ? "through a relay" : "directly",
                 path->local, path->remote);
}

void path_news_print(struct news *news, const struct keeper_status *keeper, const char *name,
                     const struct log_field *fields)
{
    char path[256];
    format(&keeper->path, path, sizeof path);
    if (keeper->is_path_news)
        news_print(news, MARK_GOOD, "path", fields, "%s%sthe path now leads %s", name ? name : "",
                   name ? ": " : "", path);
    else
        news_print(news, MARK_GOOD, "connected", fields, "%s%sconnected %s, round trip %.1f ms",
                   name ? name : "", name ? " is " : "", path,
                   (double)keeper->rtt_us / (double)US_PER_MS);
}

const char *path_word(const struct peer_path *path)
{
    if (path->is_last_resort)
        return "signal";
    return path->is_relayed ? "relayed" : "direct";
}
