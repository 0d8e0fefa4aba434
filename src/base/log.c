/*
 * A line is formatted into one buffer and written by one write(2), so lines
 * of several processes on one terminal do not mix. Control characters from
 * peers are escaped: a log line must not move a terminal's cursor.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

enum {
    ESCAPED_MAX = 8,        /* of one character, with room to spare */
    LOG_END_LEN = 3,        /* of a JSON line */
    LOG_MESSAGE_MAX = 1024, /* formatted message; longer ones are cut */
    LOG_LINE_MAX = 8192     /* after escaping: six bytes for one at the worst */
};

static enum log_level current_level = LOG_INFO;
static enum log_format current_format = LOG_TEXT;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

bool log_level_parse(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_format_parse(const char *name, enum log_format *out)
{
    if (strcmp(name, "text") == 0)
        *out = LOG_TEXT;
    else if (strcmp(name, "json") == 0)
        *out = LOG_JSON;
    else
        return false;
    return true;
}

void log_configure(enum log_level level, enum log_format format)
{
    current_level = level;
    current_format = format;
}

bool log_is_enabled(enum log_level level)
{
    return level <= current_level;
}

void log_escape(const char *text, char *out, size_t size)
{
    size_t len = 0;
    struct span rest = span_from_string(text);
    while (rest.len > 0 && len + ESCAPED_MAX < size) {
        uint32_t code = 0;
        size_t taken = utf8_decode(rest, &code);
        bool is_control = taken == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0);
        bool is_quoted = current_format == LOG_JSON && (code == '"' || code == '\\');
        if (is_control) {
            uint8_t byte = rest.data[0];
            len += (size_t)snprintf(out + len, size - len, "\\u%04x", taken > 1 ? code : byte);
        } else {
            if (is_quoted)
                out[len++] = '\\';
            memcpy(out + len, rest.data, taken);
            len += taken;
        }
        rest = span_skip(rest, taken ? taken : 1);
    }
    out[len] = '\0';
}

static size_t append_prefix(char *line, enum log_level level)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm tm;
    char time_text[32];
    int ms = (int)(now.tv_nsec / 1000000);
    if (current_format == LOG_JSON) {
        gmtime_r(&now.tv_sec, &tm);
        strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%S", &tm);
        return (size_t)snprintf(line, LOG_LINE_MAX,
                                "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"message\":\"", time_text,
                                ms, level_names[level]);
    }
    localtime_r(&now.tv_sec, &tm);
    strftime(time_text, sizeof time_text, "%H:%M:%S", &tm);
    return (size_t)snprintf(line, LOG_LINE_MAX, "%s.%03d %-5s ", time_text, ms, level_names[level]);
}

void log_write(enum log_level level, const char *format, ...)
{
    if (!log_is_enabled(level))
        return;
    char message[LOG_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);

    char line[LOG_LINE_MAX];
    size_t len = append_prefix(line, level);
    log_escape(message, line + len, sizeof line - len - LOG_END_LEN);
    len += strlen(line + len);
    if (current_format == LOG_JSON) {
        line[len++] = '"';
        line[len++] = '}';
    }
    line[len++] = '\n';
    /* There is nobody to tell when stderr is gone. */
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
}

const char *log_redact(const char *secret, char out[LOG_REDACTED_LEN])
{
    enum { SHORT_SECRET = 6 };
    size_t shown = 0;
    struct span rest = span_from_string(secret);
    if (rest.len >= SHORT_SECRET) {
        for (int i = 0; i < 2; i++) {
            uint32_t code;
            size_t size = utf8_decode(span_skip(rest, shown), &code);
            shown += size ? size : 1;
        }
    }
    snprintf(out, LOG_REDACTED_LEN, "%.*s\xe2\x80\xa6", (int)shown, secret);
    return out;
}
