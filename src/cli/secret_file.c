#include "cli/secret_file.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/text_file.h"

enum { SECRET_MAX = 1024 };

const char *secret_file_read(const char *path, char **out)
{
    char line[SECRET_MAX] = "";
    const char *why;
    FILE *file = text_file_open(path, &why);
    if (!file)
        return why;
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    if (!is_read || !*line)
        return "has no secret in its first line";
    free_secret_string(*out);
    *out = xstrdup(line);
    return NULL;
}
