/*
 * What is told of a path: to a person, and to a program.
 */
#ifndef CLI_PATH_NEWS_H
#define CLI_PATH_NEWS_H

#include "cli/news.h"
#include "tunnel/tunnel.h"

/* A session that is up by that path, or has come to another one. name: of the
 * other side, or NULL. */
void path_news_print(struct news *news, const struct keeper_status *keeper, const char *name,
                     const struct log_field *fields);

/* "direct", "relayed" or "signal". */
const char *path_word(const struct peer_path *path);

#endif
