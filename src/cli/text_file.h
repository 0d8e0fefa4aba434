/*
 * A file that a person wrote, to be read once.
 */
#ifndef CLI_TEXT_FILE_H
#define CLI_TEXT_FILE_H

#include <stdio.h>

/* A pipe is as good as a file, as in <(…), while somebody writes to it; one
 * without is empty, and not waited for. NULL with *why (static), as in "is a
 * folder", and errno: ENOENT, EISDIR, EACCES or another of open(2). */
FILE *text_file_open(const char *path, const char **why);

/* Why it cannot be opened, the same; NULL: it can. For who has failed to read
 * one otherwise. */
const char *text_file_wrong(const char *path);

/* Behind the mark of its encoding with which an editor may begin one. */
char *text_file_skip_mark(char *text);

#endif
