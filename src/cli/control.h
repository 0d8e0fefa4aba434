/*
 * What a running tunnel tells those who ask at its Unix socket, in HTTP/1.1:
 *
 *   GET /status            one JSON object: cli/tunnel_json.h
 *   GET /requests          the last exchanges, a JSON object a line
 *   GET /requests?follow   the same, and each more as it ends
 */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "cli/config.h"
#include "tunnel/tunnel.h"

struct control;

/* config and tunnel outlive it. 0, or an error of listener_new(). */
int control_new(struct loop *loop, const char *path, const struct config *config,
                const struct tunnel *tunnel, struct control **out);

/* An exchange is over, and is the history's last. */
void control_on_exchange(struct control *control);

/* NULL is allowed. */
void control_free(struct control *control);

#endif
