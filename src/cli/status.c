/*
 * A line has a mark, which carries the colour, and a text. On a terminal (and
 * with the text log format) it is printed as that; otherwise it is one log
 * line, so that a service's log holds the same story.
 */
#include "cli/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STATUS_MAX = 1024 };

enum mark { MARK_STEP, MARK_GOOD, MARK_BAD };

static bool is_for_person(const struct config *config)
{
    return config->log_format == LOG_TEXT && log_is_terminal() && log_is_enabled(LOG_INFO);
}

/* no-color.org: any value but the empty one switches colour off. */
static bool has_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

__attribute__((format(printf, 3, 4))) static void
print_line(const struct config *config, enum mark mark, const char *format, ...)
{
    static const char *const marks[] = {"..", "ok", "!!"};
    static const char *const colours[] = {"\033[2m", "\033[32m", "\033[31m"};
    char text[STATUS_MAX];
    char escaped[3 * STATUS_MAX]; /* room in a line for what is before it */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!is_for_person(config)) {
        log_write(mark == MARK_BAD ? LOG_WARN : LOG_INFO, "tunnel: %s", text);
        return;
    }
    /* What a peer or the signal server says must not move the cursor. */
    log_escape(text, escaped, sizeof escaped);
    char clock[16];
    time_t now = time(NULL);
    struct tm tm;
    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&now, &tm));
    char line[sizeof escaped + 64];
    bool is_coloured = has_colour();
    snprintf(line, sizeof line, "%s %s%s%s %s\n", clock, is_coloured ? colours[mark] : "",
             marks[mark], is_coloured ? "\033[0m" : "", escaped);
    log_put(line);
}

void status_print_start(const struct config *config, const char *listen)
{
    char room[LOG_REDACTED_LEN];
    log_redact(config->room, room);
    if (listen)
        print_line(config, MARK_STEP, "proxy %s: listening on http://%s, room %s", TUNNEL_VERSION,
                   listen, room);
    else
        print_line(config, MARK_STEP, "serve %s: %s, room %s", TUNNEL_VERSION,
                   config->upstream_text, room);
}

static void print_up(const struct config *config, const char *listen,
                     const struct link_status *status)
{
    if (status->is_path_news) {
        print_line(config, MARK_GOOD, "the path now leads %s: %s <-> %s",
                   status->path.is_relayed ? "through a relay" : "directly to the other side",
                   status->path.local, status->path.remote);
        return;
    }
    print_line(config, MARK_GOOD, "connected %s: %s <-> %s, round trip %.1f ms",
               status->path.is_relayed ? "through a relay" : "directly", status->path.local,
               status->path.remote, (double)status->rtt_us / (double)US_PER_MS);
    if (listen)
        print_line(config, MARK_GOOD,
                   "point your tools at http://%s (OpenAI clients: base URL "
                   "http://%s/v1)",
                   listen, listen);
    else
        print_line(config, MARK_GOOD, "serving %s", config->upstream_text);
}

void status_print_link(const struct config *config, const char *listen,
                       const struct link_status *status)
{
    const char *other = config->command == COMMAND_SERVE ? "tunnel proxy" : "tunnel serve";
    if (status->problem)
        print_line(config, MARK_BAD, "%s", status->problem);
    switch (status->state) {
    case LINK_CONNECTING:
        print_line(config, MARK_STEP, "connecting to the signal server %s", config->signal_text);
        break;
    case LINK_WAITING:
        print_line(config, MARK_STEP,
                   "waiting for the other side: run `%s` with the same --room "
                   "and --signal",
                   other);
        break;
    case LINK_NEGOTIATING:
        print_line(config, MARK_STEP, "the other side is here, connecting to it");
        break;
    case LINK_UP:
        print_up(config, listen, status);
        break;
    case LINK_RETRYING:
        print_line(config, MARK_STEP, "trying again in %.1f s",
                   (double)status->retry_in_us / (double)US_PER_S);
        break;
    }
}

void status_print_stop(const struct config *config)
{
    print_line(config, MARK_STEP, "closing");
}
