#include "cli/control_path.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/unix_socket.h"
#include "tunnel/state_folder.h"

#define PREFIX "control-"

char *control_path_own(const struct config *config, char **why)
{
    *why = NULL;
    if (config->control)
        return xstrdup(config->control);
    char *path = state_folder_path(config->has_default_state ? NULL : config->state_folder);
    struct state_folder *folder = NULL;
    const char *name = config->instance;
    const char *kind = !name ? "" : config->command == COMMAND_SERVE ? "-serve-" : "-proxy-";
    char *own = NULL;
    int error = path ? state_folder_open(path, true, &folder) : -ENOENT;
    if (error == 0)
        own = xasprintf("%s/" PREFIX "%d%s%s", path, (int)getpid(), kind, name ? name : "");
    else if (path)
        *why =
            xasprintf("the state folder %s cannot be used: %s", path, state_folder_explain(error));
    else
        *why = xstrdup("there is no state folder, since HOME is not set");
    state_folder_close(folder);
    free(path);
    return own;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t control_paths_find(const struct config *config, char *paths[CONTROL_PATHS_MAX],
                          char **folder)
{
    size_t count = 0;
    *folder = NULL;
    if (config->control) {
        paths[0] = xstrdup(config->control);
        return 1;
    }
    *folder = state_folder_path(config->state_folder);
    DIR *dir = *folder ? opendir(*folder) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir)) && count < CONTROL_PATHS_MAX;) {
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
            continue;
        char *path = xasprintf("%s/%s", *folder, entry->d_name);
        if (unix_socket_clean(path))
            free(path);
        else
            paths[count++] = path;
    }
    if (dir)
        closedir(dir);
    qsort(paths, count, sizeof *paths, by_name);
    return count;
}
