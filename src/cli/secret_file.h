/*
 * A secret in a file, where no list of processes shows it.
 */
#ifndef CLI_SECRET_FILE_H
#define CLI_SECRET_FILE_H

/* Replaces *out by the file's first line. NULL, or what is wrong. */
const char *secret_file_read(const char *path, char **out);

#endif
