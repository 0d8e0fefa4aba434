/*
 * Tells when a file in a folder was replaced, or is gone, by inotify. A file
 * that is written in place is none of its business.
 */
#ifndef NET_FILE_WATCH_H
#define NET_FILE_WATCH_H

#include "base/clock.h"
#include "net/loop.h"

#define FILE_WATCH_POLL_US (1 * US_PER_S)

struct file_watch;

/* Never NULL; name is copied. Where the system gives no inotify, on_change
 * comes now and then instead, for the owner to look. */
struct file_watch *file_watch_new(struct loop *loop, const char *folder, const char *name,
                                  void (*on_change)(void *arg), void *arg);
void file_watch_free(struct file_watch *watch); /* NULL is allowed */

#endif
