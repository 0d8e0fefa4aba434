/*
 * A line is formatted into one buffer and goes out as one write, so lines of
 * several processes on one terminal do not mix. Control characters from peers
 * are escaped: a log line must not move a terminal's cursor.
 *
 * Nothing here waits. What the reader has no room for is counted, and the next
 * line that goes out says so; so is what was held back because too many of its
 * kind came (base/log_limit.h).
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_limit.h"
#include "base/log_sink.h"
#include "base/utf8.h"

enum {
    ESCAPED_MAX = 8,        /* of one character, with room to spare */
    LOG_END_LEN = 3,        /* of a JSON line */
    LOG_MESSAGE_MAX = 1024, /* formatted message; longer ones are cut */
    LOG_FIELDS_MAX = 1024   /* of a JSON line */
};

static struct {
    enum log_level level;
    enum log_format format;
    struct log_sink sink;
    struct log_limits limits;
    uint64_t lost; /* lines that the sink had no room for, since the last that it took */
    unsigned line_count;
    const char *self;
} current_log = {.level = LOG_INFO, .sink = {.fd = STDERR_FILENO, .is_shared = true}};

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

void log_open(const char *self)
{
    current_log.self = self;
    log_sink_init(&current_log.sink, STDERR_FILENO);
}

void log_configure(enum log_level level, enum log_format format)
{
    current_log.level = level;
    current_log.format = format;
}

bool log_is_enabled(enum log_level level)
{
    return level <= current_log.level;
}

bool log_is_terminal(void)
{
    return current_log.sink.is_terminal;
}

unsigned log_line_count(void)
{
    return current_log.line_count;
}

void log_escape(const char *text, char *out, size_t size)
{
    size_t len = 0;
    struct span rest = span_from_string(text);
    while (rest.len > 0 && len + ESCAPED_MAX < size) {
        uint32_t code = 0;
        size_t taken = utf8_decode(rest, &code);
        bool is_control = taken == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0);
        bool is_quoted = current_log.format == LOG_JSON && (code == '"' || code == '\\');
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

static bool is_for_person(void)
{
    return current_log.sink.is_terminal && current_log.format == LOG_TEXT;
}

/* Who has started the program knows its name. */
static const char *without_self(const char *message)
{
    size_t len = current_log.self ? strlen(current_log.self) : 0;
    bool is_self = len > 0 && strncmp(message, current_log.self, len) == 0 &&
                   strncmp(message + len, ": ", 2) == 0;
    return is_self && is_for_person() ? message + len + 2 : message;
}

/* Who asks for all that happens wants to know when. */
static size_t write_mark(char *out, size_t size, enum log_mark mark)
{
    struct timespec now;
    struct tm tm;
    char seconds[16], clock[32];
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(seconds, sizeof seconds, "%H:%M:%S", localtime_r(&now.tv_sec, &tm));
    if (log_is_enabled(LOG_DEBUG))
        snprintf(clock, sizeof clock, "%s.%03d", seconds, (int)(now.tv_nsec / 1000000));
    else
        snprintf(clock, sizeof clock, "%s", seconds);
    return log_mark_begin(mark, clock, out, size);
}

/* Time and level, and in JSON all up to the message's text. */
static size_t write_prefix(char line[LOG_LINE_MAX], enum log_level level)
{
    static const enum log_mark marks[] = {[LOG_ERROR] = LOG_MARK_BAD,
                                          [LOG_WARN] = LOG_MARK_BAD,
                                          [LOG_INFO] = LOG_MARK_STEP,
                                          [LOG_DEBUG] = LOG_MARK_DETAIL};
    if (is_for_person())
        return write_mark(line, LOG_LINE_MAX, marks[level]);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm tm;
    char seconds[32], zone[8];
    int ms = (int)(now.tv_nsec / 1000000);
    if (current_log.format == LOG_JSON) {
        gmtime_r(&now.tv_sec, &tm);
        strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
        return (size_t)snprintf(line, LOG_LINE_MAX,
                                "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"message\":\"", seconds,
                                ms, level_names[level]);
    }
    localtime_r(&now.tv_sec, &tm);
    /* A file is read another day, perhaps elsewhere: RFC 3339. */
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
    strftime(zone, sizeof zone, "%z", &tm);
    return (size_t)snprintf(line, LOG_LINE_MAX, "%s.%03d%.3s:%s %-5s ", seconds, ms, zone, zone + 3,
                            level_names[level]);
}

/* A JSON line's members behind the message. One that has no room is left out
 * with all that follow. */
static size_t write_fields(char out[LOG_FIELDS_MAX], const char *event,
                           const struct log_field *fields)
{
    size_t len = 0;
    out[0] = '\0';
    if (event)
        len = (size_t)snprintf(out, LOG_FIELDS_MAX, ",\"event\":\"%s\"", event);
    for (const struct log_field *f = fields; f && f->name; f++) {
        char text[LOG_FIELDS_MAX / 2];
        int size;
        log_escape(f->text ? f->text : "", text, sizeof text);
        if (f->text)
            size = snprintf(out + len, LOG_FIELDS_MAX - len, ",\"%s\":\"%s\"", f->name, text);
        else
            size = snprintf(out + len, LOG_FIELDS_MAX - len, ",\"%s\":%.15g", f->name, f->number);
        if ((size_t)size >= LOG_FIELDS_MAX - len) {
            out[len] = '\0';
            break;
        }
        len += (size_t)size;
    }
    return len;
}

static bool put_line(enum log_level level, const char *event, const struct log_field *fields,
                     const char *message)
{
    char line[LOG_LINE_MAX];
    char members[LOG_FIELDS_MAX];
    bool is_json = current_log.format == LOG_JSON;
    size_t members_len = is_json ? write_fields(members, event, fields) : 0;
    size_t len = write_prefix(line, level);
    log_escape(without_self(message), line + len, sizeof line - len - members_len - LOG_END_LEN);
    len += strlen(line + len);
    if (is_json) {
        line[len++] = '"';
        memcpy(line + len, members, members_len);
        len += members_len;
        line[len++] = '}';
    }
    line[len++] = '\n';
    return log_sink_write(&current_log.sink, line, len);
}

/* Whether the reader has been told of all that it missed. */
static bool tell_lost(void)
{
    char message[128];
    snprintf(message, sizeof message,
             "log: %llu lines were lost here, since there was no room for them",
             (unsigned long long)current_log.lost);
    if (current_log.lost > 0 && !put_line(LOG_WARN, NULL, NULL, message))
        return false;
    current_log.lost = 0;
    return true;
}

/* held_back: those that the line told of. */
static void count_line(bool is_out, uint64_t held_back)
{
    if (is_out)
        current_log.line_count++;
    else
        current_log.lost += 1 + held_back;
}

static void write_message(enum log_level level, const char *event, const struct log_field *fields,
                          const char *format, va_list args)
{
    uint64_t more = 0;
    if (!log_is_enabled(level))
        return;
    /* Who asks for debug wants all of it. */
    if (level != LOG_DEBUG &&
        !log_limits_take(&current_log.limits, event ? event : format, clock_now_us(), &more))
        return;
    char message[LOG_MESSAGE_MAX];
    int size = vsnprintf(message, sizeof message, format, args);
    size_t len = (size_t)size < sizeof message ? (size_t)size : sizeof message - 1;
    if (more > 0)
        snprintf(message + len, sizeof message - len, " (and %llu more)", (unsigned long long)more);
    count_line(tell_lost() && put_line(level, event, fields, message), more);
}

void log_write(enum log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_message(level, NULL, NULL, format, args);
    va_end(args);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields,
               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_message(level, event, fields, format, args);
    va_end(args);
}

void log_show(enum log_mark mark, const char *before, const char *message)
{
    char line[LOG_LINE_MAX];
    size_t len = (size_t)snprintf(line, sizeof line, "%s", before);
    len += write_mark(line + len, sizeof line - len, mark);
    log_escape(message, line + len, sizeof line - len - 1);
    len += strlen(line + len);
    line[len++] = '\n';
    count_line(tell_lost() && log_sink_write(&current_log.sink, line, len), 0);
}

void log_put(const char *line)
{
    size_t len = strlen(line);
    if (len > LOG_LINE_MAX)
        len = LOG_LINE_MAX;
    count_line(tell_lost() && log_sink_write(&current_log.sink, line, len), 0);
}

void log_close(void)
{
    uint64_t untold = log_limits_untold(&current_log.limits);
    char message[128];
    snprintf(message, sizeof message, "log: %llu lines were held back, too many of their kind",
             (unsigned long long)untold);
    if (tell_lost() && untold > 0)
        put_line(LOG_WARN, NULL, NULL, message);
    log_sink_deinit(&current_log.sink);
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
