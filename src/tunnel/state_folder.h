/*
 * Where a provider keeps what must outlive it: a folder of small files, each
 * read and replaced as a whole. A reader sees the file of before or the one of
 * after, whenever a writer is killed, or the machine loses power.
 *
 * Each file is its owner's alone, and made so when it is opened.
 *
 * All calls block, for as long as a disk needs for a few kilobytes. What
 * stands there and is no plain file is neither waited for nor followed.
 */
#ifndef TUNNEL_STATE_FOLDER_H
#define TUNNEL_STATE_FOLDER_H

#include "base/buf.h"

struct state_folder;

/* The folder's path, to be freed: the given one, else the first of
 * $STATE_DIRECTORY (as systemd sets it), else $XDG_STATE_HOME/tunnel, else
 * ~/.local/state/tunnel. NULL when there is no home either. */
char *state_folder_path(const char *given);

/* makes: where it is missing, it is made, and what lies above it, for this user
 * alone. 0; -ENOENT for one that is not made; -EPERM for one that is another
 * user's, or that others may write to; -ENOTDIR for none; else an error of
 * mkdir(2) or open(2). */
int state_folder_open(const char *path, bool makes, struct state_folder **out);

/* Such an error in words (static): "it must belong to this user …". */
const char *state_folder_explain(int error);

/* Unlocks, gives the claim up, frees. NULL is allowed. */
void state_folder_close(struct state_folder *folder);

const char *state_folder_name(const struct state_folder *folder);

/* Nobody else who asks has it from now on. 0; -EAGAIN when somebody has it, and
 * still after patience_us; -ENOTSUP where its file is no plain one; else an
 * error of open(2) or flock(2). Ends with the process, too. */
int state_folder_lock(struct state_folder *folder, uint64_t patience_us);
void state_folder_unlock(struct state_folder *folder);

/* It is ours to serve from, beside the lock, until it is closed. 0; -EAGAIN
 * when it is somebody else's; else as above. Ends with the process, too. */
int state_folder_claim(struct state_folder *folder);

/* Appends what is in the file. 0; -ENOENT where there is none; -ENOTSUP where
 * it is no plain one; -ENOBUFS where less than a page of out is left behind it;
 * else an error of open(2) or read(2). */
int state_folder_read(struct state_folder *folder, const char *name, struct buf *out);

/* The file is what bytes are, once it is on the disk. 0, or an error of
 * open(2), write(2), fsync(2) or rename(2); then the file is as it was. The
 * lock must be held. */
int state_folder_replace(struct state_folder *folder, const char *name, struct span bytes);

#endif
