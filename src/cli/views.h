/*
 * What others are shown of a tunnel while it runs, each where it is asked for:
 * the control socket, metrics, an access log.
 */
#ifndef CLI_VIEWS_H
#define CLI_VIEWS_H

#include "cli/config.h"
#include "tunnel/tunnel.h"

struct views;

/* config and tunnel outlive them. NULL where one that was asked for cannot be,
 * which is said on stderr. */
struct views *views_new(struct loop *loop, const struct config *config,
                        const struct tunnel *tunnel);

/* Logs where they are to be had. */
void views_tell(const struct views *views);

/* An exchange is over, and is the history's last. */
void views_on_exchange(struct views *views);

/* Files that were moved away are opened anew. */
void views_reopen(struct views *views);

/* NULL is allowed. */
void views_free(struct views *views);

#endif
