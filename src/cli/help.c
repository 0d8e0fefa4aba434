#include "cli/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { HELP_COLUMNS = 80, HELP_INDENT = 8, HELP_MAX = 64 << 10 };

void help_begin(void)
{
    static char room[HELP_MAX]; /* glibc takes no size without one */
    setvbuf(stdout, room, _IOFBF, sizeof room);
}

void help_print_text(const char *text, size_t indent)
{
    size_t column = 0;
    for (const char *word = text + strspn(text, " "); *word; word += strspn(word, " ")) {
        size_t len = strcspn(word, " ");
        if (column > 0 && column + 1 + len > HELP_COLUMNS) {
            putchar('\n');
            column = 0;
        }
        int space = column > 0 ? 1 : (int)indent;
        printf("%*s%.*s", space, "", (int)len, word);
        column += (size_t)space + len;
        word += len;
    }
    putchar('\n');
}

void help_print_option(const char *flag, const char *value, const char *help, const char *variable)
{
    printf("  %s%s%s\n", flag, value ? " " : "", value ? value : "");
    char *text = xasprintf("%s%s%s%s", help, variable ? " [" : "", variable ? variable : "",
                           variable ? "]" : "");
    help_print_text(text, HELP_INDENT);
    free(text);
}

char *help_explain_form(const char *flag, const char *value)
{
    return value ? xasprintf("needs a value: it is %s %s", flag, value)
                 : xasprintf("takes no value: it is %s alone", flag);
}
