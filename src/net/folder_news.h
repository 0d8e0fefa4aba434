/*
 * The kernel's word that something became of a file in a folder, for
 * file_watch.c.
 */
#ifndef NET_FOLDER_NEWS_H
#define NET_FOLDER_NEWS_H

#include <stdbool.h>

struct folder_news;

/* Of that file: replaced, moved away, deleted, or written in place. NULL where
 * the system does not tell, or has no such folder. */
struct folder_news *folder_news_new(const char *folder, const char *name);
void folder_news_free(struct folder_news *news); /* NULL is allowed */

/* Readable when there are some. */
int folder_news_fd(const struct folder_news *news);

/* Takes what there is; whether some of it may be about the file. */
bool folder_news_read(struct folder_news *news);

#endif
