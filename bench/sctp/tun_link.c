/*
 * One thread: reads each device dry, stamps every packet with the time at
 * which a transmitter of that rate would have sent it, plus the delay, and
 * writes it out then. A packet that finds more than the queue ahead of it is
 * dropped.
 */
#include "tun_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

enum { MTU = 1500, SLOTS = 1 << 15 };

struct slot {
    uint64_t at_ns;
    uint64_t sent_ns; /* leaves the transmitter */
    uint16_t len;
    uint8_t data[MTU];
};

struct direction {
    struct slot *slots;
    uint64_t head; /* next to deliver */
    uint64_t tail;
    uint64_t free_ns; /* the transmitter is busy until then */
    uint64_t oldest;  /* first that has not left the transmitter */
    uint32_t random;
};

int tun_open(int side)
{
    if (unshare(CLONE_NEWNET) < 0)
        return -1;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    struct ifreq ifr = {.ifr_name = "bench"};
    ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0)
        goto fail;
    struct sockaddr_in *in = (struct sockaddr_in *)&ifr.ifr_addr;
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(0x0a090001u + (uint32_t)side);
    if (ioctl(s, SIOCSIFADDR, &ifr) < 0)
        goto fail;
    in->sin_addr.s_addr = htonl(0xffffff00);
    if (ioctl(s, SIOCSIFNETMASK, &ifr) < 0)
        goto fail;
    ifr.ifr_qlen = 5000; /* the queue under test is ours */
    if (ioctl(s, SIOCSIFTXQLEN, &ifr) < 0)
        goto fail;
    ifr.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(s, SIOCSIFFLAGS, &ifr) < 0)
        goto fail;
    close(s);
    return fd;
fail:
    close(s);
    close(fd);
    return -1;
}

static bool is_full(struct direction *d, const struct tun_config *c, uint64_t now_ns, size_t len)
{
    if (c->queue_packets > 0) {
        while (d->oldest < d->tail && d->slots[d->oldest % SLOTS].sent_ns <= now_ns)
            d->oldest++;
        return d->tail - d->oldest >= c->queue_packets;
    }
    uint64_t busy_ns = d->free_ns > now_ns ? d->free_ns - now_ns : 0;
    return busy_ns * c->rate / 1000000000 + len > c->queue_bytes;
}

static void take_in(int fd, struct direction *d, const struct tun_config *c, bool loses)
{
    while (d->tail - d->head < SLOTS) {
        struct slot *s = &d->slots[d->tail % SLOTS];
        ssize_t len = read(fd, s->data, MTU);
        if (len <= 0)
            return;
        if (s->data[0] >> 4 != 4)
            continue; /* neighbour discovery of IPv6 */
        uint64_t now_ns = clock_now_us() * 1000;
        if (is_full(d, c, now_ns, (size_t)len))
            continue;
        if (d->free_ns < now_ns)
            d->free_ns = now_ns;
        d->free_ns += (uint64_t)len * 1000000000 / c->rate;
        d->random = d->random * 1664525 + 1013904223;
        if (loses && (d->random >> 8) % 1000000 < c->loss_ppm)
            continue;
        s->len = (uint16_t)len;
        s->sent_ns = d->free_ns;
        s->at_ns = d->free_ns + c->delay_us * 1000;
        d->tail++;
    }
}

/* Writes out what is due; returns when the next one is. */
static uint64_t give_out(int fd, struct direction *d)
{
    uint64_t now_ns = clock_now_us() * 1000;
    while (d->head < d->tail && d->slots[d->head % SLOTS].at_ns <= now_ns) {
        struct slot *s = &d->slots[d->head++ % SLOTS];
        ssize_t sent = write(fd, s->data, s->len);
        (void)sent;
    }
    return d->head < d->tail ? d->slots[d->head % SLOTS].at_ns : UINT64_MAX;
}

void tun_carry(const int fds[2], const struct tun_config *config, uint64_t until_us)
{
    struct direction ways[2];
    memset(ways, 0, sizeof ways);
    prctl(PR_SET_TIMERSLACK, 1);
    /* As punctual as a wire, where we may; else as punctual as it gets. */
    const struct sched_param param = {.sched_priority = 1};
    sched_setscheduler(0, SCHED_FIFO, &param);
    for (int i = 0; i < 2; i++) {
        ways[i].slots = xcalloc(SLOTS, sizeof(struct slot));
        ways[i].random = 12345;
    }
    while (clock_now_us() < until_us) {
        uint64_t next_ns = UINT64_MAX;
        for (int i = 0; i < 2; i++) {
            take_in(fds[i], &ways[i], config, i == 0);
            uint64_t at_ns = give_out(fds[1 - i], &ways[i]);
            next_ns = at_ns < next_ns ? at_ns : next_ns;
        }
        uint64_t now_ns = clock_now_us() * 1000;
        uint64_t wait_ns = next_ns > now_ns ? next_ns - now_ns : 0;
        if (wait_ns > 10000000)
            wait_ns = 10000000;
        struct timespec wait = {.tv_nsec = (long)wait_ns};
        struct pollfd polls[2] = {{.fd = fds[0], .events = POLLIN},
                                  {.fd = fds[1], .events = POLLIN}};
        ppoll(polls, 2, &wait, NULL);
    }
    for (int i = 0; i < 2; i++)
        free(ways[i].slots);
}
