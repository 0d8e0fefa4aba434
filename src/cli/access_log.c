/*
 * In front stand the fields of the combined form, as tools read them: who,
 * when, what, status, bytes, referrer and agent, of which the last two are not
 * known; behind them NAME=VALUE pairs.
 */
#include "cli/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/log_sink.h"
#include "cli/tunnel_json.h"

enum { FILE_MODE = S_IRUSR | S_IWUSR | S_IRGRP };

struct access_log {
    const char *path;
    enum access_log_form form;
    int fd; /* ours, but for stdout */
    struct log_sink sink;
    uint64_t lost; /* lines, since the last that was told of */
};

static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int open_file(const char *path)
{
    if (is_stdout(path))
        return STDOUT_FILENO;
    int fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE);
    return fd < 0 ? -errno : fd;
}

static void close_file(struct access_log *log)
{
    log_sink_deinit(&log->sink);
    if (!is_stdout(log->path))
        close(log->fd);
}

int access_log_new(const char *path, enum access_log_form form, struct access_log **out)
{
    int fd = open_file(path);
    if (fd < 0)
        return fd;
    struct access_log *log = xcalloc(1, sizeof *log);
    log->path = path;
    log->form = form;
    log->fd = fd;
    log_sink_init(&log->sink, fd);
    *out = log;
    return 0;
}

void access_log_reopen(struct access_log *log)
{
    if (is_stdout(log->path))
        return;
    int fd = open_file(log->path);
    if (fd < 0) {
        log_error("access log: SIGHUP: cannot open %s: %s; the file of before stays in use",
                  log->path, strerror(-fd));
        return;
    }
    close_file(log);
    log->fd = fd;
    log_sink_init(&log->sink, fd);
    log_info("access log: SIGHUP: opened %s again", log->path);
}

void access_log_free(struct access_log *log)
{
    if (!log)
        return;
    close_file(log);
    free(log);
}

/* ---- the combined form ---- */

/* What could end a field, or is no text, as \xHH. */
static void add_escaped(struct buf *line, const char *text, const char *special)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c <= 0x1f || c >= 0x7f || strchr(special, c))
            buf_append_format(line, "\\x%02x", c);
        else
            buf_append(line, (struct span){(const uint8_t *)text, 1});
    }
}

static void add_who(struct buf *line, const struct exchange_record *r)
{
    if (r->device[0])
        add_escaped(line, r->device, " \"\\");
    else if (r->consumer > 0)
        buf_append_format(line, "#%" PRIu32, r->consumer);
    else
        buf_append_string(line, "-");
}

/* As in [30/Nov/2026:17:31:02 +0000], whatever the locale. */
static void add_moment(struct buf *line, int64_t s)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t then = (time_t)s;
    struct tm tm;
    gmtime_r(&then, &tm);
    buf_append_format(line, " - - [%02d/%s/%d:%02d:%02d:%02d +0000] \"", tm.tm_mday,
                      months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_time(struct buf *line, const char *name, uint64_t us)
{
    if (us != TIME_NEVER)
        buf_append_format(line, " %s=%" PRIu64 ".%06" PRIu64, name, us / US_PER_S, us % US_PER_S);
}

static void add_pairs(struct buf *line, const struct history_entry *entry)
{
    const struct exchange_record *r = &entry->record;
    buf_append_format(line, " end=%s", exchange_end_name(r->end));
    buf_append_format(line, " request_bytes=%" PRIu64, r->request_bytes);
    add_time(line, "head_s", r->head_us);
    add_time(line, "first_byte_s", r->first_byte_us);
    add_time(line, "duration_s", r->end_us);
    if (r->provider > 0)
        buf_append_format(line, " provider=%" PRIu32, r->provider);
    if (r->tries > 1)
        buf_append_format(line, " tries=%u", r->tries);
    if (token_meter_count(&r->tokens) > 0)
        buf_append_format(line, " tokens=%" PRIu64, token_meter_count(&r->tokens));
    if (!entry->reason[0])
        return;
    buf_append_string(line, " reason=\"");
    add_escaped(line, entry->reason, "\"\\");
    buf_append_string(line, "\"");
}

char *access_log_combined(const struct history_entry *entry, int64_t begun_s)
{
    const struct exchange_record *r = &entry->record;
    struct buf line;
    buf_init(&line, LOG_LINE_MAX);
    add_who(&line, r);
    add_moment(&line, begun_s);
    add_escaped(&line, r->method, " \"\\");
    buf_append_string(&line, " ");
    add_escaped(&line, r->target, " \"\\");
    buf_append_string(&line, " HTTP/1.1\" ");
    if (r->status > 0)
        buf_append_format(&line, "%d", r->status);
    else
        buf_append_string(&line, "-");
    buf_append_format(&line, " %" PRIu64 " \"-\" \"-\"", r->response_bytes);
    add_pairs(&line, entry);
    buf_append_string(&line, "\n");
    char *text = xstrndup(buf_bytes(&line));
    buf_deinit(&line);
    return text;
}

/* ---- writing ---- */

void access_log_write(struct access_log *log, const struct history_entry *entry)
{
    uint64_t ago_us = clock_now_us() - entry->record.begun_us;
    char *line =
        log->form == ACCESS_LOG_JSON
            ? tunnel_json_exchange(entry)
            : access_log_combined(entry, (int64_t)time(NULL) - (int64_t)(ago_us / US_PER_S));
    size_t len = strlen(line);
    bool is_written = len <= LOG_LINE_MAX && log_sink_write(&log->sink, line, len);
    free(line);
    if (!is_written && log->lost++ == 0)
        log_warn("access log: %s takes no more lines (is the disk full, or does nobody read?), and "
                 "they are lost until it does",
                 log->path);
    if (!is_written || log->lost == 0)
        return;
    log_warn("access log: %" PRIu64 " lines were not taken, and are lost", log->lost);
    log->lost = 0;
}
