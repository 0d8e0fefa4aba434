/*
 * Tells when a file in a folder was replaced or written, or is gone, by what
 * the kernel says (net/folder_news.h).
 */
#ifndef NET_FILE_WATCH_H
#define NET_FILE_WATCH_H

#include "base/clock.h"
#include "net/loop.h"

#define FILE_WATCH_POLL_US (1 * US_PER_S)

struct file_watch;

/* Never NULL; name is copied. on_change may come for nothing: the owner looks.
 * Where the kernel does not tell, it comes now and then. */
struct file_watch *file_watch_new(struct loop *loop, const char *folder, const char *name,
                                  void (*on_change)(void *arg), void *arg);
void file_watch_free(struct file_watch *watch); /* NULL is allowed */

#endif
