/*
 * What `tunnel status` shows: the JSON of cli/tunnel_json.h as a page that fits
 * 80 columns, but for what is cut there. Rates are what two of them differ by,
 * so of one alone there are none.
 */
#ifndef CLI_STATUS_VIEW_H
#define CLI_STATUS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { STATUS_VIEW_RATES = 56, STATUS_VIEW_COLUMNS = 80 };

/* Columns of what is no terminal. */
#define STATUS_VIEW_UNCUT SIZE_MAX

struct status_view {
    void *now;    /* the JSON that was taken last, or NULL */
    void *before; /* the one before, or NULL */
    uint64_t now_us;
    uint64_t before_us;
    double rates[STATUS_VIEW_RATES]; /* bytes a second, both ways, the oldest first */
    size_t rate_count;
    bool has_utf8; /* of the terminal */
};

void status_view_init(struct status_view *view, bool has_utf8);
void status_view_deinit(struct status_view *view);

/* False for what is no status. */
bool status_view_take(struct status_view *view, const char *json, uint64_t now_us);

/* Which tunnel it is of, in a few words, to be freed: "serve, UPSTREAM",
 * "proxy NAME, ADDR:PORT". */
char *status_view_what(const struct status_view *view);

/* Whether any session is up, so that there are rates to be had. */
bool status_view_has_partners(const struct status_view *view);

/* Appends lines, each with its end and cut to so many columns, or
 * STATUS_VIEW_UNCUT. has_graph: with the rates of the last minute. */
void status_view_print(const struct status_view *view, size_t columns, bool has_graph,
                       struct buf *out);

#endif
