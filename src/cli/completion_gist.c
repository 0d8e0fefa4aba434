#include "cli/completion_gist.h"

#include <stdio.h>
#include <string.h>

void completion_gist_print(const char *help, const char *special, const char *quote)
{
    static const char *const ends[] = {" (", "; ", ". ", ", as in"};
    size_t len = strlen(help);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *end = strstr(help, ends[i]);
        if (end && (size_t)(end - help) < len)
            len = (size_t)(end - help);
    }
    for (size_t i = 0; i < len; i++) {
        if (help[i] == '\'')
            fputs(quote, stdout);
        else
            printf("%s%c", strchr(special, help[i]) ? "\\" : "", help[i]);
    }
}
