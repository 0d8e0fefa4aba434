/*
 * A member of struct stat that has two names.
 */
#ifndef BASE_FILE_TIME_H
#define BASE_FILE_TIME_H

#include <sys/stat.h>
#include <time.h>

/* When the file's content was last changed. */
struct timespec file_time_changed(const struct stat *st);

#endif
