#include "cli/news.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_MAX = 1024 };

bool news_is_for_person(const struct news *news)
{
    return news->format == LOG_TEXT && log_is_terminal() && log_is_enabled(LOG_INFO);
}

static bool is_smart_terminal(void)
{
    const char *term = getenv("TERM");
    return !(term && strcmp(term, "dumb") == 0);
}

/* no-color.org: any value but the empty one switches colour off. */
static bool has_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    return !(no_color && *no_color) && is_smart_terminal();
}

static void print_for_person(struct news *news, enum mark mark, const char *text)
{
    static const char *const marks[] = {"..", "ok", "!!", ".."};
    static const char *const colours[] = {"\033[2m", "\033[32m", "\033[31m", "\033[2m"};
    static const char line_before[] = "\033[A\r\033[K";
    /* What a peer or the signal server says must not move the cursor. */
    char escaped[3 * TEXT_MAX];
    log_escape(text, escaped, sizeof escaped);
    char clock[16];
    time_t now = time(NULL);
    struct tm tm;
    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&now, &tm));
    char line[sizeof escaped + 64];
    bool is_coloured = has_colour();
    bool is_anew = mark == MARK_LIVE && news->live_line > 0 &&
                   news->live_line == log_line_count() && is_smart_terminal();
    snprintf(line, sizeof line, "%s%s %s%s%s %s\n", is_anew ? line_before : "", clock,
             is_coloured ? colours[mark] : "", marks[mark], is_coloured ? "\033[0m" : "", escaped);
    log_put(line);
    news->live_line = mark == MARK_LIVE ? log_line_count() : 0;
}

void news_print(struct news *news, enum mark mark, const char *event, const struct log_field *more,
                const char *format, ...)
{
    struct log_field fields[NEWS_FIELDS_MAX] = {0};
    int count = 0;
    if (news->room[0])
        fields[count++] = (struct log_field){"room", news->room, 0};
    while (more && more->name && count < NEWS_FIELDS_MAX - 1)
        fields[count++] = *more++;
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (news_is_for_person(news))
        print_for_person(news, mark, text);
    else
        log_event(mark == MARK_BAD ? LOG_WARN : LOG_INFO, event, fields, "tunnel: %s", text);
}
