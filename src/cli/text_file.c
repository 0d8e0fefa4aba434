#include "cli/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FILE *text_file_open(const char *path, const char **why)
{
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool is_open = fd >= 0 && fstat(fd, &st) == 0;
    if (is_open && !S_ISDIR(st.st_mode) && fcntl(fd, F_SETFL, O_RDONLY) == 0)
        return fdopen(fd, "r");
    int error = is_open && S_ISDIR(st.st_mode) ? EISDIR : errno;
    *why = error == EISDIR   ? "is a folder"
           : error == ENOENT ? "is not there"
           : error == EACCES ? "may not be read by this user"
                             : "cannot be read";
    if (fd >= 0)
        close(fd);
    errno = error;
    return NULL;
}

const char *text_file_wrong(const char *path)
{
    const char *why = NULL;
    FILE *file = text_file_open(path, &why);
    if (file)
        fclose(file);
    return why;
}

char *text_file_skip_mark(char *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    return strncmp(text, mark, sizeof mark - 1) == 0 ? text + sizeof mark - 1 : text;
}
