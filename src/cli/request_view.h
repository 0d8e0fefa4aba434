/*
 * What `tunnel requests` shows of an exchange: its JSON (cli/tunnel_json.h) as
 * a line.
 */
#ifndef CLI_REQUEST_VIEW_H
#define CLI_REQUEST_VIEW_H

#include <stdbool.h>
#include <stddef.h>

/* Which of them; NULL for any. */
struct request_filter {
    const char *device;
    const char *path; /* that their targets begin with */
    bool only_failed; /* not complete, or with a status from 400 on */
};

/* False for one that is not asked for, or for no such JSON. */
bool request_filter_passes(const struct request_filter *filter, const char *json);

/* Without its end, to be freed; what controls a terminal is not let through.
 * NULL for no such JSON. */
char *request_view_format(const char *json);

#endif
