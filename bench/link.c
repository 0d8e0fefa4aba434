/*
 * A link with rate, delay and loss for whole programs: two network namespaces
 * with a TUN device each (10.9.0.1 and 10.9.0.2). Prints the two processes
 * that hold them, for nsenter(1), and carries until it is killed.
 *
 *   bench_link MBIT_PER_S DELAY_MS LOSS_PER_MILLE
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "tun_link.h"

/* Stays in the namespace that the caller has entered. */
static pid_t hold(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return pid;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench_link MBIT_PER_S DELAY_MS LOSS_PER_MILLE\n");
        return 2;
    }
    uint64_t rate = strtoull(argv[1], NULL, 10) * 125000;
    struct tun_config config = {
        .rate = rate,
        .delay_us = strtoull(argv[2], NULL, 10) * US_PER_MS,
        .loss_ppm = (uint32_t)strtoul(argv[3], NULL, 10) * 1000,
    };
    config.queue_bytes = rate * config.delay_us * 2 / US_PER_S; /* a round trip */
    int fds[2];
    pid_t holders[2];
    for (int side = 0; side < 2; side++) {
        fds[side] = tun_open(side);
        if (fds[side] < 0) {
            perror("bench_link");
            return 1;
        }
        holders[side] = hold();
    }
    printf("%d %d\n", (int)holders[0], (int)holders[1]);
    fflush(stdout);
    tun_carry(fds, &config, TIME_NEVER);
    return 0;
}
