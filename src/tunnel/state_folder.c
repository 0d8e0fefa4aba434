/*
 * A file is replaced in five steps: a new one beside it, its bytes, fsync(2),
 * rename(2) over the old one, fsync(2) of the folder. Each leaves the old file
 * whole until the rename, and the new one whole from it on. What a killed
 * writer leaves beside is overwritten by the next.
 */
#include "tunnel/state_folder.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

#define LOCK_NAME  "lock"
#define CLAIM_NAME "serving"
#define OURS       (S_IRUSR | S_IWUSR)
#define OTHERS     (S_IWGRP | S_IWOTH)
#define ANYBODY    (S_IRWXG | S_IRWXO)

#define LOCK_POLL_US (10 * US_PER_MS)

enum { READ_LEN = 4096 };

struct state_folder {
    char *path;
    int fd;
    int lock_fd;  /* -1 while it is not locked */
    int claim_fd; /* -1 while it is not claimed */
    int spare_fd; /* to be closed where there is none left to read with */
};

/* ---- where ---- */

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

char *state_folder_path(const char *given)
{
    const char *systemd = variable("STATE_DIRECTORY");
    const char *xdg = variable("XDG_STATE_HOME");
    const char *home = variable("HOME");
    if (given)
        return xstrdup(given);
    if (systemd)
        return xstrndup(span_of(systemd, strcspn(systemd, ":")));
    if (xdg && xdg[0] == '/') /* others are to be ignored, says XDG */
        return xasprintf("%s/tunnel", xdg);
    return home ? xasprintf("%s/.local/state/tunnel", home) : NULL;
}

/* ---- open ---- */

static int make_folders(const char *path)
{
    char *copy = xstrdup(path);
    int error = 0;
    for (char *at = copy; error == 0 && *at;) {
        at += 1 + strcspn(at + 1, "/");
        char was = *at;
        *at = '\0';
        if (mkdir(copy, S_IRWXU) < 0 && errno != EEXIST)
            error = -errno;
        *at = was;
    }
    free(copy);
    return error;
}

/* Whoever may write to the folder may put another identity in. */
static int check_folder(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    return st.st_uid == geteuid() && !(st.st_mode & OTHERS) ? 0 : -EPERM;
}

static int dup_cloexec(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int state_folder_open(const char *path, bool makes, struct state_folder **out)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = open(path, flags);
    if (fd < 0 && errno == ENOENT && makes) {
        int error = make_folders(path);
        if (error < 0)
            return error;
        fd = open(path, flags);
    }
    if (fd < 0)
        return -errno;
    int error = check_folder(fd);
    if (error < 0) {
        close(fd);
        return error;
    }
    *out = xcalloc(1, sizeof **out);
    **out = (struct state_folder){.path = xstrdup(path),
                                  .fd = fd,
                                  .lock_fd = -1,
                                  .claim_fd = -1,
                                  .spare_fd = dup_cloexec(fd)};
    return 0;
}

const char *state_folder_explain(int error)
{
    return error == -EPERM ? "it must belong to this user, and nobody else may write to it"
                           : strerror(-error);
}

void state_folder_close(struct state_folder *folder)
{
    if (!folder)
        return;
    state_folder_unlock(folder);
    if (folder->claim_fd >= 0)
        close(folder->claim_fd);
    if (folder->spare_fd >= 0)
        close(folder->spare_fd);
    close(folder->fd);
    free(folder->path);
    free(folder);
}

const char *state_folder_name(const struct state_folder *folder)
{
    return folder->path;
}

/* ---- plain files ---- */

/* The other end of a pipe may never come: none is waited for. */
static int open_plain(const struct state_folder *folder, const char *name, int flags)
{
    flags |= O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int fd = openat(folder->fd, name, flags, OURS);
    if (fd < 0) /* a link; a pipe or a socket; a folder */
        return errno == ELOOP || errno == ENXIO || errno == EISDIR ? -ENOTSUP : -errno;
    struct stat st;
    int error = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENOTSUP;
    /* A copy from elsewhere may have got another mode; on a disk that takes no
     * writing it keeps it. */
    if (error == 0 && st.st_mode & ANYBODY)
        (void)!fchmod(fd, OURS);
    if (error < 0)
        close(fd);
    return error < 0 ? error : fd;
}

/* ---- locks ---- */

static int try_lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

/* flock(2) has no time limit of its own, and who holds it may be stopped. */
static int lock_within(int fd, uint64_t patience_us)
{
    static const struct timespec pause = {.tv_nsec = (long)LOCK_POLL_US * 1000};
    uint64_t end_us = clock_now_us() + patience_us;
    int error;
    while ((error = try_lock(fd)) == -EAGAIN && clock_now_us() < end_us)
        nanosleep(&pause, NULL);
    return error;
}

static int take(const struct state_folder *folder, const char *name, uint64_t patience_us, int *out)
{
    int fd = open_plain(folder, name, O_RDWR | O_CREAT);
    if (fd < 0)
        return fd;
    int error = lock_within(fd, patience_us);
    if (error < 0) {
        close(fd);
        return error;
    }
    *out = fd;
    return 0;
}

int state_folder_lock(struct state_folder *folder, uint64_t patience_us)
{
    assert(folder->lock_fd < 0);
    return take(folder, LOCK_NAME, patience_us, &folder->lock_fd);
}

void state_folder_unlock(struct state_folder *folder)
{
    if (folder->lock_fd >= 0)
        close(folder->lock_fd);
    folder->lock_fd = -1;
}

/* A file of its own: the lock comes and goes meanwhile. */
int state_folder_claim(struct state_folder *folder)
{
    assert(folder->claim_fd < 0);
    return take(folder, CLAIM_NAME, 0, &folder->claim_fd);
}

/* ---- files ---- */

static int read_all(int fd, struct buf *out)
{
    for (;;) {
        uint8_t *to = buf_reserve(out, READ_LEN);
        if (!to)
            return -ENOBUFS;
        ssize_t got = read(fd, to, READ_LEN);
        if (got == 0)
            return 0;
        if (got > 0)
            buf_commit(out, (size_t)got);
        else if (errno != EINTR)
            return -errno;
    }
}

/* A guest who takes all descriptors shall not thereby keep a revocation from
 * being read. */
static int open_to_read(struct state_folder *folder, const char *name)
{
    int fd = open_plain(folder, name, O_RDONLY);
    if (fd != -EMFILE || folder->spare_fd < 0)
        return fd;
    close(folder->spare_fd);
    folder->spare_fd = -1;
    return open_plain(folder, name, O_RDONLY);
}

int state_folder_read(struct state_folder *folder, const char *name, struct buf *out)
{
    int fd = open_to_read(folder, name);
    int error = fd < 0 ? fd : read_all(fd, out);
    if (fd >= 0)
        close(fd);
    if (folder->spare_fd < 0)
        folder->spare_fd = dup_cloexec(folder->fd);
    return error;
}

static int write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.data, bytes.len);
        if (put < 0 && errno != EINTR)
            return -errno;
        if (put > 0)
            bytes = span_skip(bytes, (size_t)put);
    }
    return 0;
}

static int write_beside(const struct state_folder *folder, const char *name, struct span bytes)
{
    int fd = open_plain(folder, name, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0)
        return fd;
    /* One that was there may have had another mode. */
    int error = fchmod(fd, OURS) < 0 ? -errno : 0;
    if (error == 0)
        error = write_all(fd, bytes);
    if (error == 0 && fsync(fd) < 0)
        error = -errno;
    if (close(fd) < 0 && error == 0)
        error = -errno;
    return error;
}

int state_folder_replace(struct state_folder *folder, const char *name, struct span bytes)
{
    assert(folder->lock_fd >= 0);
    char *beside = xasprintf("%s.new", name);
    int error = write_beside(folder, beside, bytes);
    if (error == 0 && renameat(folder->fd, beside, folder->fd, name) < 0)
        error = -errno;
    if (error < 0)
        unlinkat(folder->fd, beside, 0);
    else if (fsync(folder->fd) < 0)
        error = -errno;
    free(beside);
    return error;
}
