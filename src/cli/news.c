#include "cli/news.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

bool news_is_for_person(const struct news *news)
{
    return news->format == LOG_TEXT && log_is_terminal() && log_is_enabled(LOG_INFO);
}

/* MARK_LIVE is written over as long as nothing came behind it. */
static void print_for_person(struct news *news, enum mark mark, const char *text)
{
    static const enum log_mark marks[] = {LOG_MARK_STEP, LOG_MARK_GOOD, LOG_MARK_BAD,
                                          LOG_MARK_STEP};
    bool is_anew = mark == MARK_LIVE && news->live_line > 0 &&
                   news->live_line == log_line_count() && log_mark_has_cursor();
    log_show(marks[mark], is_anew ? "\033[A\r\033[K" : "", text);
    news->live_line = mark == MARK_LIVE ? log_line_count() : 0;
}

void news_print(struct news *news, enum mark mark, const char *event, const struct log_field *more,
                const char *format, ...)
{
    struct log_field fields[NEWS_FIELDS_MAX] = {0};
    int count = 0;
    if (news->room[0])
        fields[count++] = (struct log_field){"room", news->room, 0};
    if (news->name)
        fields[count++] = (struct log_field){"name", news->name, 0};
    if (news->link > 0)
        fields[count++] = (struct log_field){"link", NULL, news->link};
    while (more && more->name && count < NEWS_FIELDS_MAX - 1)
        fields[count++] = *more++;
    char text[TEXT_MAX] = "";
    va_list args;
    va_start(args, format);
    size_t len = 0;
    if (news->name)
        len += (size_t)snprintf(text, sizeof text, "%s: ", news->name);
    if (news->link > 0)
        len += (size_t)snprintf(text + len, sizeof text - len, "link %u: ", news->link);
    vsnprintf(text + len, sizeof text - len, format, args);
    va_end(args);
    if (news_is_for_person(news))
        print_for_person(news, mark, text);
    else
        log_event(mark == MARK_BAD ? LOG_WARN : LOG_INFO, event, fields, "tunnel: %s", text);
}
