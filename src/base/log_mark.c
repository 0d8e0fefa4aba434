/*
 * What the terminal can do is asked of the environment with each line: lines
 * for a person are few.
 */
#include "base/log_mark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool log_mark_has_cursor(void)
{
    const char *term = getenv("TERM");
    return !(term && strcmp(term, "dumb") == 0);
}

/* no-color.org: any value but the empty one switches colour off. */
static bool has_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    return !(no_color && *no_color) && log_mark_has_cursor();
}

size_t log_mark_begin(enum log_mark mark, const char *clock, char *out, size_t size)
{
    static const struct {
        const char *text, *colour;
    } marks[] = {
        [LOG_MARK_STEP] = {"..", "\033[2m"},
        [LOG_MARK_GOOD] = {"ok", "\033[32m"},
        [LOG_MARK_BAD] = {"!!", "\033[31m"},
        [LOG_MARK_DETAIL] = {"  ", ""},
    };
    bool is_coloured = has_colour() && *marks[mark].colour;
    return (size_t)snprintf(out, size, "%s %s%s%s ", clock, is_coloured ? marks[mark].colour : "",
                            marks[mark].text, is_coloured ? "\033[0m" : "");
}
