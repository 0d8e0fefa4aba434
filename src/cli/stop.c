#include "cli/stop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

static const struct {
    int number;
    const char *name;
} stop_signals[] = {{SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}};

enum { STOP_COUNT = sizeof stop_signals / sizeof *stop_signals };

struct stop {
    struct loop *loop;
    const char *came;
    bool had_terminal;
    void (*on_hangup)(void *arg); /* or NULL: it stops */
    void *arg;
    struct signal_watch *watches[STOP_COUNT];
};

bool stop_has_terminal(void)
{
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool is_terminal_gone(const struct stop *stop)
{
    return stop->had_terminal && !stop_has_terminal();
}

static void on_signal(int number, void *arg)
{
    struct stop *stop = arg;
    if (number == SIGHUP && stop->on_hangup && !is_terminal_gone(stop)) {
        stop->on_hangup(stop->arg);
        return;
    }
    for (int i = 0; i < STOP_COUNT; i++) {
        if (stop_signals[i].number == number)
            stop->came = stop_signals[i].name;
    }
    loop_stop(stop->loop);
}

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void on_early_signal(int number)
{
    (void)number;
    _exit(EXIT_SUCCESS);
}

void stop_at_once(void)
{
    for (int i = 0; i < STOP_COUNT; i++) {
        int number = stop_signals[i].number;
        if (number != SIGHUP || !is_ignored(number))
            signal(number, on_early_signal);
    }
}

struct stop *stop_new(struct loop *loop)
{
    struct stop *stop = xcalloc(1, sizeof *stop);
    stop->loop = loop;
    stop->had_terminal = stop_has_terminal();
    for (int i = 0; i < STOP_COUNT; i++) {
        int number = stop_signals[i].number;
        if (number != SIGHUP)
            signal(number, on_early_signal);
        else if (!is_ignored(number))
            stop->watches[i] = signal_watch_new(loop, number, on_signal, stop);
    }
    return stop;
}

void stop_watch(struct stop *stop)
{
    for (int i = 0; i < STOP_COUNT; i++) {
        if (stop_signals[i].number != SIGHUP)
            stop->watches[i] =
                signal_watch_new(stop->loop, stop_signals[i].number, on_signal, stop);
    }
}

void stop_on_hangup(struct stop *stop, void (*on_hangup)(void *arg), void *arg)
{
    stop->on_hangup = on_hangup;
    stop->arg = arg;
    for (int i = 0; i < STOP_COUNT; i++) {
        if (stop_signals[i].number == SIGHUP && !stop->watches[i])
            stop->watches[i] = signal_watch_new(stop->loop, SIGHUP, on_signal, stop);
    }
}

const char *stop_signal(const struct stop *stop)
{
    return stop->came;
}

void stop_free(struct stop *stop)
{
    for (int i = 0; i < STOP_COUNT; i++) {
        int number = stop_signals[i].number;
        if (stop->watches[i] || number != SIGHUP)
            signal(number, SIG_DFL);
        signal_watch_free(stop->watches[i]);
    }
    free(stop);
}
