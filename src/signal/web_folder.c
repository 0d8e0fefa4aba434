/*
 * All is read at the start: what a client asks for is then compared with names
 * that are known, and reaches no file system.
 */
#include "signal/web_folder.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file_time.h"

struct web_folder {
    struct static_file at[WEB_FOLDER_FILES_MAX];
    size_t bytes;
    struct static_files files;
};

static uint8_t *read_file(const char *path, size_t size)
{
    uint8_t *bytes = xcalloc(size + 1, 1);
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(bytes, 1, size, file) : 0;
    int error = file ? (got == size ? 0 : EIO) : errno;
    if (file)
        fclose(file);
    if (error) {
        free(bytes);
        bytes = NULL;
        errno = error;
    }
    return bytes;
}

static int add_file(struct web_folder *folder, const char *url_path, const FTSENT *entry)
{
    const struct stat *st = entry->fts_statp;
    size_t size = (size_t)st->st_size;
    if (folder->files.count == WEB_FOLDER_FILES_MAX || size > WEB_FOLDER_BYTES_MAX - folder->bytes)
        return -EFBIG;
    struct timespec changed = file_time_changed(st);
    uint8_t *bytes = read_file(entry->fts_accpath, size);
    if (!bytes)
        return -errno;
    folder->bytes += size;
    folder->at[folder->files.count++] = (struct static_file){
        .path = xstrdup(url_path),
        .type = static_file_type(entry->fts_name),
        .etag = xasprintf("W/\"%llx-%lx-%zx\"", (unsigned long long)changed.tv_sec,
                          (unsigned long)changed.tv_nsec, size),
        .content = span_of(bytes, size),
    };
    return 0;
}

static int add_entry(struct web_folder *folder, FTS *tree, FTSENT *entry, size_t root_len)
{
    if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
        fts_set(tree, entry, FTS_SKIP);
        return 0;
    }
    switch (entry->fts_info) {
    case FTS_F:
        if (entry->fts_level == 0) /* the folder itself is none */
            return -ENOTDIR;
        return add_file(folder, entry->fts_path + root_len, entry);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return -entry->fts_errno;
    default: /* a folder, or what is no file */
        return entry->fts_level == 0 && entry->fts_info != FTS_D && entry->fts_info != FTS_DP
                   ? -ENOTDIR
                   : 0;
    }
}

static char *explain(int error, const char *path)
{
    if (error == -EFBIG)
        return xasprintf("%s: the folder has more than %d files, or %d MiB", path,
                         WEB_FOLDER_FILES_MAX, WEB_FOLDER_BYTES_MAX >> 20);
    return xasprintf("%s: %s", path, strerror(-error));
}

int web_folder_load(const char *path, struct web_folder **out, char **why)
{
    struct web_folder *folder = xcalloc(1, sizeof *folder);
    char *root = xstrdup(path);
    size_t root_len = strlen(root);
    while (root_len > 1 && root[root_len - 1] == '/')
        root[--root_len] = '\0';
    char *const roots[] = {root, NULL};
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    int error = tree ? 0 : -errno;
    FTSENT *entry;
    folder->files.at = folder->at;
    while (!error && (entry = fts_read(tree)) != NULL) {
        error = add_entry(folder, tree, entry, strcmp(root, "/") == 0 ? 0 : root_len);
        if (error)
            *why = explain(error, entry->fts_path);
    }
    if (tree)
        fts_close(tree);
    else
        *why = explain(error, path);
    free(root);
    if (error)
        web_folder_free(folder);
    else
        *out = folder;
    return error;
}

void web_folder_free(struct web_folder *folder)
{
    for (size_t i = 0; folder && i < folder->files.count; i++) {
        free((void *)folder->at[i].path);
        free((void *)folder->at[i].etag);
        free((void *)folder->at[i].content.data);
    }
    free(folder);
}

const struct static_files *web_folder_files(const struct web_folder *folder)
{
    return &folder->files;
}
