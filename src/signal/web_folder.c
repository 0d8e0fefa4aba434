/*
 * All is read at the start: what a client asks for is then compared with names
 * that are known, and reaches no file system.
 */
#include "signal/web_folder.h"

#include <dirent.h>
#include <errno.h>
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

static char *explain(int error, const char *path)
{
    if (error == -EFBIG)
        return xasprintf("%s: the folder has more than %d files, or %d MiB", path,
                         WEB_FOLDER_FILES_MAX, WEB_FOLDER_BYTES_MAX >> 20);
    return xasprintf("%s: %s", path, strerror(-error));
}

/* A folder under way, and those that it is in. */
struct level {
    const struct level *above; /* or NULL */
    dev_t device;
    ino_t inode;
};

static int add_file(struct web_folder *folder, const char *path, const char *url_path,
                    const struct stat *st)
{
    size_t size = (size_t)st->st_size;
    struct timespec changed = file_time_changed(st);
    if (folder->files.count == WEB_FOLDER_FILES_MAX ||
        st->st_size > (off_t)(WEB_FOLDER_BYTES_MAX - folder->bytes))
        return -EFBIG;
    uint8_t *bytes = read_file(path, size);
    if (!bytes)
        return -errno;
    folder->bytes += size;
    folder->at[folder->files.count++] = (struct static_file){
        .path = xstrdup(url_path),
        .type = static_file_type(strrchr(url_path, '/') + 1),
        .etag = xasprintf("W/\"%llx-%lx-%zx\"", (unsigned long long)changed.tv_sec,
                          (unsigned long)changed.tv_nsec, size),
        .content = span_of(bytes, size),
    };
    return 0;
}

/* Links may lead back to a folder that we are in. */
static bool is_within(const struct level *level, const struct stat *st)
{
    for (; level; level = level->above) {
        if (level->device == st->st_dev && level->inode == st->st_ino)
            return true;
    }
    return false;
}

static int add_folder(struct web_folder *folder, const char *path, size_t root_len,
                      const struct level *above, char **why);

static int add_entry(struct web_folder *folder, const char *path, size_t root_len,
                     const struct level *level, char **why)
{
    struct stat st;
    int error = 0;
    if (stat(path, &st) < 0)
        error = errno == ENOENT ? 0 : -errno; /* a link that leads nowhere */
    else if (S_ISDIR(st.st_mode))
        return is_within(level, &st) ? 0 : add_folder(folder, path, root_len, level, why);
    else if (S_ISREG(st.st_mode))
        error = add_file(folder, path, path + root_len, &st);
    if (error)
        *why = explain(error, path);
    return error;
}

/* above: the folder that this one is in, or NULL. */
static int add_folder(struct web_folder *folder, const char *path, size_t root_len,
                      const struct level *above, char **why)
{
    struct stat st = {0};
    struct dirent *entry;
    int error = 0;
    DIR *dir = opendir(path);
    if (!dir || fstat(dirfd(dir), &st) < 0) {
        error = -errno;
        *why = explain(error, path);
    }
    struct level level = {.above = above, .device = st.st_dev, .inode = st.st_ino};
    while (!error && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        char *inner = xasprintf("%s/%s", path, entry->d_name);
        error = add_entry(folder, inner, root_len, &level, why);
        free(inner);
    }
    if (dir)
        closedir(dir);
    return error;
}

int web_folder_load(const char *path, struct web_folder **out, char **why)
{
    struct web_folder *folder = xcalloc(1, sizeof *folder);
    char *root = xstrdup(path);
    size_t root_len = strlen(root);
    while (root_len > 0 && root[root_len - 1] == '/')
        root[--root_len] = '\0';
    folder->files.at = folder->at;
    bool is_top = root_len == 0; /* whose files are "/./NAME", then */
    int error = add_folder(folder, is_top ? "/." : root, is_top ? 2 : root_len, NULL, why);
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
