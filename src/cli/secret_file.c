#include "cli/secret_file.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { SECRET_MAX = 1024 };

const char *secret_file_read(const char *path, char **out)
{
    char line[SECRET_MAX] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return "cannot be read";
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    if (!is_read || !*line)
        return "has no secret in its first line";
    free_secret_string(*out);
    *out = xstrdup(line);
    return NULL;
}
