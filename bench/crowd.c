/*
 * Many consumers in one process, for what they cost a provider that they do not
 * use: they meet it in its room, and rest.
 *
 *   bench_crowd SIGNAL_URL ROOM COUNT    until killed; prints "up N" when all
 *                                        are, or when one is lost
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "tunnel/tunnel.h"

/* One after the other, as they would come; a server bounds how fast. */
#define GAP_US (50 * US_PER_MS)

enum { DESCRIPTORS_EACH = 12 };

struct crowd;

struct member {
    struct crowd *crowd;
    struct tunnel *tunnel;
    bool is_up;
};

struct crowd {
    struct loop *loop;
    struct timer *timer;
    struct url signal;
    const char *room;
    struct member *members;
    unsigned count;
    unsigned begun;
    unsigned up;
};

static void on_status(size_t link, const struct keeper_status *status, void *arg)
{
    struct member *member = arg;
    struct crowd *crowd = member->crowd;
    bool is_up = status->state == KEEPER_UP;
    (void)link;
    if (is_up == member->is_up)
        return;
    member->is_up = is_up;
    crowd->up += is_up ? 1U : -1U;
    if (is_up && crowd->up < crowd->count)
        return;
    printf("up %u\n", crowd->up);
    fflush(stdout);
}

static void on_exchange_done(const struct exchange_record *record, void *arg)
{
    (void)record;
    (void)arg;
}

static void begin_one(void *arg)
{
    static const struct tunnel_handlers handlers = {
        .on_status = on_status,
        .on_exchange_done = on_exchange_done,
    };
    struct crowd *crowd = arg;
    struct member *member = &crowd->members[crowd->begun++];
    const struct proxy_config proxy = {.host = "127.0.0.1"};
    const struct tunnel_config config = {
        .proxy = &proxy,
        .features = FEATURES_ALL,
        .signal = &crowd->signal,
        .room = crowd->room,
    };
    member->crowd = crowd;
    if (tunnel_new(crowd->loop, &config, &handlers, member, &member->tunnel) < 0) {
        fputs("bench_crowd: cannot listen\n", stderr);
        exit(1);
    }
    if (crowd->begun < crowd->count)
        timer_start_in(crowd->timer, GAP_US);
}

int main(int argc, char **argv)
{
    const char *why;
    struct crowd crowd = {0};
    if (argc == 4)
        crowd.count = (unsigned)strtoul(argv[3], NULL, 10);
    if (crowd.count == 0 || url_parse(argv[1], &crowd.signal, &why) < 0) {
        fputs("usage: bench_crowd SIGNAL_URL ROOM COUNT\n", stderr);
        return 2;
    }
    crowd.room = argv[2];
    crowd.members = xcalloc(crowd.count, sizeof *crowd.members);
    log_configure(LOG_ERROR, LOG_TEXT);
    descriptors_allow(DESCRIPTORS_EACH * (uint64_t)crowd.count);
    signal(SIGPIPE, SIG_IGN);
    crowd.loop = loop_new();
    crowd.timer = timer_new(crowd.loop, begin_one, &crowd);
    timer_start_in(crowd.timer, 0);
    loop_run(crowd.loop);
    return 0;
}
