/*
 * A folder whose files are served in place of those that are compiled in.
 */
#ifndef SIGNAL_WEB_FOLDER_H
#define SIGNAL_WEB_FOLDER_H

#include "signal/static_file.h"

enum {
    WEB_FOLDER_FILES_MAX = 1000,
    WEB_FOLDER_BYTES_MAX = 64 << 20, /* all of them, which stay in memory */
};

struct web_folder;

/* Reads all files of the folder and of those in it, but for what begins with a
 * dot; they are read once. 0 with *out; else a negative errno, and *why says
 * what is wrong and is to be freed: -EFBIG over a maximum, or as of opendir(3),
 * stat(2) and open(2). Links are followed. */
int web_folder_load(const char *path, struct web_folder **out, char **why);

/* NULL is allowed. */
void web_folder_free(struct web_folder *folder);

const struct static_files *web_folder_files(const struct web_folder *folder);

#endif
