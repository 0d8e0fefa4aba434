/*
 * Where running tunnels are asked: each has a Unix socket in the state folder,
 * which its process id names, and of several in one process its name.
 */
#ifndef CLI_CONTROL_PATH_H
#define CLI_CONTROL_PATH_H

#include "cli/config.h"

/* Of this process, to be freed; the folder is there then. NULL where there can
 * be none, and *why, to be freed, says so. */
char *control_path_own(const struct config *config, char **why);

enum { CONTROL_PATHS_MAX = 64 };

/* Those of the tunnels that run: the one of --control, or all of the folder,
 * each to be freed. What a process has left behind is removed. *folder: where
 * they were looked for, to be freed; or NULL. How many. */
size_t control_paths_find(const struct config *config, char *paths[CONTROL_PATHS_MAX],
                          char **folder);

#endif
