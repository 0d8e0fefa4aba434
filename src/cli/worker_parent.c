/*
 * Signals are blocked but while it waits for them, and only noted in the
 * handler. Workers are process groups of their own, so that Ctrl-C comes to
 * them once, from here. They end with their parent, however that ends: a pipe
 * of which it alone has the writing end is at its end then.
 */
#include "cli/worker_parent.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/stop.h"

/* One that dies sooner than that after its start is replaced so much later: a
 * worker that cannot live must not take the machine. */
#define RESTART_US US_PER_S

struct place {
    pid_t pid; /* 0: nobody is there, until */
    uint64_t start_at_us;
};

static const int signals[] = {SIGCHLD, SIGHUP, SIGINT, SIGTERM};
enum { SIGNALS = sizeof signals / sizeof *signals, NUMBER_MAX = 32 };

/* Those that have come, by number. */
static volatile sig_atomic_t has_come[NUMBER_MAX];

struct family {
    const struct worker_parent *parent;
    struct place *places;
    int lifeline[2];
    sigset_t mask; /* what is blocked while it waits, as it was before */
    struct sigaction before[SIGNALS];
    bool had_terminal;
    bool is_stopping;
};

/* ---- workers ---- */

static void note(int number)
{
    has_come[number] = 1;
}

static void block_signals(int how, sigset_t *before)
{
    sigset_t ours;
    sigemptyset(&ours);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&ours, signals[i]);
    sigprocmask(how, &ours, before);
}

static void take_signals(struct family *family)
{
    const struct sigaction action = {.sa_handler = note};
    block_signals(SIG_BLOCK, &family->mask);
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &action, &family->before[i]);
        bool is_ignored = family->before[i].sa_handler == SIG_IGN; /* as by nohup(1) */
        if (signals[i] == SIGHUP && is_ignored && !family->parent->reads_again)
            sigaction(SIGHUP, &family->before[i], NULL);
    }
}

static void give_handlers_back(const struct family *family)
{
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &family->before[i], NULL);
}

void worker_take_signals(void)
{
    block_signals(SIG_UNBLOCK, NULL);
}

/* The child's; does not return. */
static void live(const struct family *family, int index)
{
    setpgid(0, 0);
    close(family->lifeline[1]);
    give_handlers_back(family);
    exit(family->parent->run(index, family->lifeline[0], family->parent->arg));
}

static void start(struct family *family, int index, uint64_t now_us)
{
    struct place *place = &family->places[index];
    pid_t pid = fork();
    if (pid == 0)
        live(family, index);
    if (pid < 0)
        log_error("worker %d: cannot be started: %s; trying again", index, strerror(errno));
    place->pid = pid > 0 ? pid : 0;
    place->start_at_us = now_us + RESTART_US;
}

static void start_due(struct family *family, uint64_t now_us)
{
    for (int i = 0; i < family->parent->count && !family->is_stopping; i++) {
        if (family->places[i].pid == 0 && family->places[i].start_at_us <= now_us)
            start(family, i, now_us);
    }
}

static void log_death(int index, pid_t pid, int status)
{
    if (WIFSIGNALED(status))
        log_warn("worker %d: process %d was killed by signal %d (%s); starting another", index,
                 (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        log_warn("worker %d: process %d has ended with status %d; starting another", index,
                 (int)pid, WEXITSTATUS(status));
}

static void bury(struct family *family)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < family->parent->count; i++) {
            if (family->places[i].pid != pid)
                continue;
            family->places[i].pid = 0;
            if (family->is_stopping)
                continue;
            family->parent->on_death(i, family->parent->arg);
            log_death(i, pid, status);
        }
    }
}

static bool has_workers(const struct family *family)
{
    for (int i = 0; i < family->parent->count; i++) {
        if (family->places[i].pid != 0)
            return true;
    }
    return false;
}

static void kill_all(const struct family *family, int number)
{
    for (int i = 0; i < family->parent->count; i++) {
        if (family->places[i].pid != 0)
            kill(family->places[i].pid, number);
    }
}

/* ---- signals ---- */

static void stop(struct family *family)
{
    if (!family->is_stopping)
        service_stop(family->parent->service);
    kill_all(family, family->is_stopping ? SIGKILL : SIGTERM);
    family->is_stopping = true;
}

/* Then SIGHUP ends all. */
static bool is_terminal_gone(const struct family *family)
{
    return family->had_terminal && !stop_has_terminal();
}

static void read_again(struct family *family)
{
    if (family->parent->on_hangup)
        family->parent->on_hangup(family->parent->arg);
    kill_all(family, SIGHUP);
}

static void on_signal(struct family *family, int number)
{
    if (number == SIGCHLD)
        bury(family);
    else if (number == SIGHUP && family->parent->reads_again && !is_terminal_gone(family))
        read_again(family);
    else
        stop(family);
}

static void wait_for_signals(struct family *family, uint64_t wait_us)
{
    const struct timespec time = {.tv_sec = (time_t)(wait_us / US_PER_S),
                                  .tv_nsec = (long)(wait_us % US_PER_S) * 1000};
    pselect(0, NULL, NULL, NULL, &time, &family->mask);
    for (int i = 0; i < SIGNALS; i++) {
        bool has_it = has_come[signals[i]];
        has_come[signals[i]] = 0;
        if (has_it)
            on_signal(family, signals[i]);
    }
}

static void run(struct family *family)
{
    uint64_t beat_at_us = 0;
    start_due(family, clock_now_us());
    family->parent->on_start(family->parent->arg);
    while (!family->is_stopping || has_workers(family)) {
        uint64_t now_us = clock_now_us();
        start_due(family, now_us);
        if (beat_at_us <= now_us)
            beat_at_us = now_us + service_beat(family->parent->service);
        uint64_t wait_us = beat_at_us - now_us;
        wait_for_signals(family, wait_us < RESTART_US ? wait_us : RESTART_US);
    }
}

int worker_parent_run(const struct worker_parent *parent)
{
    struct family family = {.parent = parent};
    if (pipe(family.lifeline) < 0) {
        log_error("server: no pipe to its workers: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    family.places = xcalloc((size_t)parent->count, sizeof *family.places);
    family.had_terminal = stop_has_terminal();
    take_signals(&family);
    run(&family);
    give_handlers_back(&family);
    sigprocmask(SIG_SETMASK, &family.mask, NULL);
    free(family.places);
    close(family.lifeline[0]);
    close(family.lifeline[1]);
    return EXIT_SUCCESS;
}
