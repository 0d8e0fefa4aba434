/*
 * A link between two network namespaces, through a TUN device in each: rate,
 * delay, drop-tail queue and random loss, in user space, since the kernel may
 * have no netem. Needs the right to make namespaces (root).
 */
#ifndef BENCH_SCTP_TUN_LINK_H
#define BENCH_SCTP_TUN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tun_config {
    uint64_t rate; /* bytes per second, of IP packets */
    uint64_t delay_us;
    size_t queue_bytes;   /* 0: by packets */
    size_t queue_packets; /* 0: by bytes */
    uint32_t loss_ppm;    /* only in the direction 0 to 1 */
};

/* Enters a new namespace and makes its TUN device, 10.9.0.1 or 10.9.0.2 for
 * side 0 or 1. The file, or -1 with errno. */
int tun_open(int side);

/* Carries packets between the two until the time (clock_now_us). */
void tun_carry(const int fds[2], const struct tun_config *config, uint64_t until_us);

#endif
