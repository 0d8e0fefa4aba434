/*
 * --watch needs no more of a terminal than a VT100 has: the page is written
 * over the one before, and what is left of that is erased.
 *
 * A write may wait for as long as a reader takes nothing, such as a pager that
 * nobody scrolls; so signals do not wait for the loop's turn.
 */
#include "cli/inspect.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cli/control_client.h"
#include "cli/control_path.h"
#include "cli/output.h"
#include "cli/request_view.h"
#include "cli/status_view.h"
#include "cli/stop.h"
#include "net/reader_watch.h"

enum { PAGE_MAX = 256 << 10, TERMINAL_ROWS = 24 };

#define SAMPLE_US (500 * US_PER_MS) /* what rates are measured over */
#define WATCH_US  (1 * US_PER_S)

struct inspection {
    const struct config *config;
    struct loop *loop;
    const char *path; /* of the tunnel that is asked */
    struct status_view view;
    bool is_understood;
    bool is_over; /* nobody reads any more, or nothing can be written */
};

/* ---- asking ---- */

static bool ask(struct inspection *inspection, const char *target,
                void (*on_line)(const char *line, void *arg))
{
    char *why = control_ask(inspection->loop, inspection->path, target, on_line, inspection);
    if (why)
        fprintf(stderr, "tunnel: the tunnel at %s does not answer: %s\n", inspection->path, why);
    bool is_good = !why;
    free(why);
    return is_good;
}

static void on_reader_gone(void *arg)
{
    struct inspection *inspection = arg;
    output_drop();
    inspection->is_over = true;
    loop_stop(inspection->loop);
}

/* Of a command that goes on: as much as there is. Why nothing can be written is
 * told at the end. */
static void flush(struct inspection *inspection)
{
    if (fflush(stdout) == 0)
        return;
    if (errno == EPIPE)
        output_drop();
    inspection->is_over = true;
    loop_stop(inspection->loop);
}

static void wake(void *arg)
{
    loop_stop(arg);
}

/* False when something ends it. */
static bool pause_for(struct inspection *inspection, uint64_t us)
{
    struct timer *timer = timer_new(inspection->loop, wake, inspection->loop);
    timer_start_in(timer, us);
    loop_run(inspection->loop);
    timer_free(timer);
    return !inspection->is_over;
}

/* ---- status ---- */

static void take_status(const char *line, void *arg)
{
    struct inspection *inspection = arg;
    if (inspection->config->wants_json)
        puts(line);
    inspection->is_understood = status_view_take(&inspection->view, line, clock_now_us());
}

static bool sample(struct inspection *inspection)
{
    inspection->is_understood = false;
    if (!ask(inspection, "/status", take_status) || inspection->is_over)
        return false;
    if (!inspection->is_understood)
        fprintf(stderr, "tunnel: what answers at %s is no tunnel\n", inspection->path);
    return inspection->is_understood;
}

static struct winsize size_of_terminal(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        return (struct winsize){.ws_row = TERMINAL_ROWS, .ws_col = STATUS_VIEW_COLUMNS};
    return size;
}

/* As many lines as there is room for, and as much of each. A row is erased
 * ahead of its text: behind it the cursor may stand on the last column. */
static void draw(struct inspection *inspection)
{
    struct buf page;
    buf_init(&page, PAGE_MAX);
    struct winsize size = size_of_terminal();
    status_view_print(&inspection->view, size.ws_col, true, &page);
    char *text = xstrndup(buf_bytes(&page));
    char *rest = text;
    fputs("\033[H", stdout);
    for (char *row; size.ws_row > 1 && (row = strsep(&rest, "\n")) != NULL && rest; size.ws_row--)
        printf("\033[K%s\n", row);
    fputs("\033[J", stdout);
    flush(inspection);
    free(text);
    buf_deinit(&page);
}

static int watch(struct inspection *inspection)
{
    fputs("\033[2J", stdout);
    do {
        if (!sample(inspection))
            return inspection->is_over ? EXIT_SUCCESS : EXIT_FAILURE;
        draw(inspection);
    } while (pause_for(inspection, WATCH_US));
    return EXIT_SUCCESS;
}

static void print_page(const struct inspection *inspection)
{
    struct buf page;
    buf_init(&page, PAGE_MAX);
    status_view_print(&inspection->view,
                      isatty(STDOUT_FILENO) ? size_of_terminal().ws_col : STATUS_VIEW_UNCUT, false,
                      &page);
    fwrite(buf_bytes(&page).data, 1, page.len, stdout);
    buf_deinit(&page);
}

static int show_status(struct inspection *inspection)
{
    if (inspection->config->wants_watch)
        return watch(inspection);
    if (!sample(inspection))
        return EXIT_FAILURE;
    if (inspection->config->wants_json)
        return EXIT_SUCCESS;
    if (status_view_has_partners(&inspection->view) &&
        (!pause_for(inspection, SAMPLE_US) || !sample(inspection)))
        return EXIT_FAILURE;
    print_page(inspection);
    return EXIT_SUCCESS;
}

/* ---- requests ---- */

static void take_request(const char *line, void *arg)
{
    struct inspection *inspection = arg;
    const struct config *config = inspection->config;
    const struct request_filter filter = {config->only_device, config->only_path,
                                          config->only_failed};
    if (inspection->is_over || !request_filter_passes(&filter, line))
        return;
    char *text = config->wants_json ? NULL : request_view_format(line);
    puts(text ? text : line);
    free(text);
    if (config->follows)
        flush(inspection);
}

static int show_requests(struct inspection *inspection)
{
    const char *target = inspection->config->follows ? "/requests?follow" : "/requests";
    return ask(inspection, target, take_request) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- which ---- */

static int show(const struct config *config, const char *path)
{
    struct inspection inspection = {.config = config, .path = path, .loop = loop_new()};
    bool is_long = config->follows || config->wants_watch;
    if (is_long)
        stop_at_once();
    struct reader_watch *reader =
        is_long ? reader_watch_new(inspection.loop, STDOUT_FILENO, on_reader_gone, &inspection)
                : NULL;
    status_view_init(&inspection.view, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
    int status =
        config->command == COMMAND_STATUS ? show_status(&inspection) : show_requests(&inspection);
    status_view_deinit(&inspection.view);
    reader_watch_free(reader);
    loop_free(inspection.loop);
    return status;
}

static void print_nobody(const char *folder)
{
    if (folder && access(folder, R_OK | X_OK) < 0 && errno == EACCES) {
        fprintf(stderr,
                "tunnel: this user may not look into %s; ask as the user that the tunnel runs as, "
                "or with sudo\n",
                folder);
        return;
    }
    fprintf(stderr,
            "tunnel: no tunnel runs here that could be asked: there is no socket of one in %s; "
            "--state names another folder, as of a service, and --control a socket\n",
            folder ? folder : "a state folder, nor one of these");
}

static void take_quietly(const char *line, void *arg)
{
    struct status_view *view = arg;
    status_view_take(view, line, clock_now_us());
}

/* With what each is, where it tells. */
static void print_several(char *const *paths, size_t count)
{
    struct loop *loop = loop_new();
    fputs("tunnel: several tunnels run here; choose one:\n", stderr);
    for (size_t i = 0; i < count; i++) {
        struct status_view view;
        status_view_init(&view, false);
        char *why = control_ask(loop, paths[i], "/status", take_quietly, &view);
        char *what = view.now ? status_view_what(&view) : NULL;
        fprintf(stderr, "  --control %s%s%s%s\n", paths[i], what ? "  (" : "", what ? what : "",
                what ? ")" : "");
        status_view_deinit(&view);
        free(what);
        free(why);
    }
    loop_free(loop);
}

/* A page for each, where that is what was asked for. */
static int show_all(const struct config *config, char *const *paths, size_t count)
{
    int status = EXIT_SUCCESS;
    bool is_for_one = config->command == COMMAND_REQUESTS || config->wants_watch;
    if (count > 1 && is_for_one) {
        print_several(paths, count);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !config->wants_json)
            puts("");
        if (show(config, paths[i]) != EXIT_SUCCESS)
            status = EXIT_FAILURE;
    }
    return status;
}

int inspect_run(const struct config *config)
{
    char *paths[CONTROL_PATHS_MAX];
    char *folder;
    size_t count = control_paths_find(config, paths, &folder);
    int status = EXIT_FAILURE;
    setlocale(LC_CTYPE, "");
    if (count == 0)
        print_nobody(folder);
    else
        status = show_all(config, paths, count);
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free(folder);
    return status;
}
