/*
 * The link figures over real sockets: SCTP over UDP (ours and usrsctp) and
 * kernel TCP (cubic and bbr) across the same user-space link between two
 * namespaces. Shares are of user data over the link's rate.
 *
 *   bench_sctp_tun [seconds a run, 20 [one scenario: a row's name, hol, fair]]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "sctp/usr_peer.h"
#include "stack.h"
#include "tun_link.h"

enum kind { OURS_BBR, OURS_CUBIC, USRSCTP, TCP_CUBIC, TCP_BBR, NOBODY };

enum {
    PORT = 9000,
    MTU = 1432,
    BATCH = 64,
    PACKET = 2048,
    SAMPLES = 1 << 14,
    FLOWS = 2,
    FAIR_RUNS = 3,
    PING_STREAM = 3,
    PING_US = 10000,
};

static const char *const kind_names[] = {"bbr", "cubic", "usrsctp", "tcp-cubic", "tcp-bbr"};

/* What all processes see: one for each flow. */
struct board {
    uint64_t start_us; /* of what is counted */
    uint64_t end_us;
    uint64_t received[FLOWS];
    uint64_t delays_us[SAMPLES];
    size_t delay_count;
    int ready;
};

static struct board *board;

struct peer {
    int fd;
    int flow;
    struct stack *stack;
};

static void count(const struct peer *p, size_t len)
{
    uint64_t now_us = clock_now_us();
    if (now_us >= board->start_us && now_us < board->end_us)
        board->received[p->flow] += len;
}

static void count_ping(struct span m)
{
    if (board->delay_count < SAMPLES && clock_now_us() >= board->start_us)
        board->delays_us[board->delay_count++] = clock_now_us() - get_u64be(m.data);
}

static void on_packets(void *arg, const struct sctp_packet *packets, size_t n)
{
    struct peer *p = arg;
    struct mmsghdr m[BATCH];
    struct iovec iov[BATCH];
    memset(m, 0, sizeof m);
    for (size_t i = 0; i < n; i++) {
        iov[i] = (struct iovec){packets[i].data, packets[i].len};
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    for (size_t sent = 0; sent < n;) {
        int done = sendmmsg(p->fd, m + sent, (unsigned)(n - sent), 0);
        if (done <= 0)
            return; /* lost, as on any link */
        sent += (size_t)done;
    }
}

static void on_message(void *arg, uint16_t stream, struct span message)
{
    count(arg, message.len);
    if (stream == PING_STREAM)
        count_ping(message);
}

static struct sockaddr_in address(int side, int flow)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)(PORT + flow)),
                                .sin_addr.s_addr = htonl(0x0a090001u + (uint32_t)side)};
}

static int udp_open(int side, int flow)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int size = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    struct sockaddr_in here = address(side, flow);
    struct sockaddr_in there = address(1 - side, flow);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0 ||
        connect(fd, (struct sockaddr *)&there, sizeof there) < 0) {
        perror("udp");
        exit(1);
    }
    return fd;
}

static void wait_for(int fd, uint64_t deadline_us)
{
    uint64_t now_us = clock_now_us();
    uint64_t wait_us = deadline_us > now_us ? deadline_us - now_us : 0;
    if (wait_us > 10000)
        wait_us = 10000;
    struct timespec wait = {.tv_nsec = (long)wait_us * 1000};
    struct pollfd poll = {.fd = fd, .events = POLLIN};
    ppoll(&poll, 1, &wait, NULL);
}

static int receive_batch(struct peer *p, uint8_t (*data)[PACKET], struct mmsghdr *m)
{
    static struct iovec iov[BATCH];
    for (int i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){data[i], PACKET};
        memset(&m[i], 0, sizeof m[i]);
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    return recvmmsg(p->fd, m, BATCH, 0, NULL);
}

static struct stack *make_stack(struct peer *p, int side, enum kind kind)
{
    static uint8_t arena_bytes[1 << 17];
    static struct sctp_arena arena = {.data = arena_bytes, .len = sizeof arena_bytes};
    static const struct stack_handlers handlers = {
        .on_packets = on_packets,
        .on_message = on_message,
    };
    struct stack_config config = {
        .is_usrsctp = kind == USRSCTP,
        .cc = kind == OURS_CUBIC ? SCTP_CC_CUBIC : SCTP_CC_BBR,
        .arena = &arena,
        .seed = clock_now_us() + (uint64_t)getpid(),
        .mtu = MTU,
        .sends_bulk = side == 0,
    };
    return stack_new(&config, &handlers, p);
}

static void receive_all(struct peer *p)
{
    static uint8_t data[BATCH][PACKET];
    struct mmsghdr m[BATCH];
    int got;
    while ((got = receive_batch(p, data, m)) > 0) {
        for (int i = 0; i < got; i++)
            stack_feed(p->stack, span_of(data[i], m[i].msg_len), clock_now_us());
        stack_flush(p->stack, clock_now_us());
    }
}

static void run_sctp(struct peer *p, int side, enum kind kind, bool pings)
{
    p->fd = udp_open(side, p->flow);
    p->stack = make_stack(p, side, kind);
    uint64_t ticked_us = clock_now_us();
    if (side == 0)
        stack_connect(p->stack, ticked_us);
    else
        stack_listen(p->stack);
    uint64_t ping_us = pings && side == 0 ? ticked_us + 30 * PING_US : UINT64_MAX;
    while (clock_now_us() < board->end_us) {
        uint64_t deadline_us = stack_deadline(p->stack, clock_now_us());
        wait_for(p->fd, ping_us < deadline_us ? ping_us : deadline_us);
        receive_all(p);
        uint64_t now_us = clock_now_us();
        if (kind == USRSCTP && now_us - ticked_us >= US_PER_MS) {
            usr_peer_tick((unsigned)((now_us - ticked_us) / US_PER_MS));
            ticked_us += (now_us - ticked_us) / US_PER_MS * US_PER_MS;
        }
        if (now_us >= ping_us) {
            uint8_t stamp[8];
            put_u64be(stamp, now_us);
            stack_send(p->stack, PING_STREAM, span_of(stamp, sizeof stamp), now_us);
            ping_us += PING_US;
        }
        stack_flush(p->stack, now_us);
    }
}

static void run_tcp(struct peer *p, int side, enum kind kind)
{
    static uint8_t body[64 << 10];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    const char *cc = kind == TCP_BBR ? "bbr" : "cubic";
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, cc, (socklen_t)strlen(cc)) < 0) {
        perror(cc);
        exit(1);
    }
    struct sockaddr_in there = address(1, p->flow);
    if (side == 1) {
        if (bind(fd, (struct sockaddr *)&there, sizeof there) < 0 || listen(fd, 1) < 0)
            exit(1);
        int accepted = accept(fd, NULL, NULL);
        ssize_t got;
        while (clock_now_us() < board->end_us && (got = read(accepted, body, sizeof body)) > 0)
            count(p, (size_t)got);
        return;
    }
    usleep(100000); /* the listener has to be there first */
    if (connect(fd, (struct sockaddr *)&there, sizeof there) < 0) {
        perror("tcp connect");
        exit(1);
    }
    while (clock_now_us() < board->end_us && write(fd, body, sizeof body) > 0)
        continue;
}

static void run_flow(int side, int flow, enum kind kind, bool pings)
{
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct peer p = {.flow = flow};
    if (kind == TCP_CUBIC || kind == TCP_BBR)
        run_tcp(&p, side, kind);
    else
        run_sctp(&p, side, kind, pings);
    _exit(0);
}

static void send_fd(int to, int fd)
{
    char control[CMSG_SPACE(sizeof fd)];
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (sendmsg(to, &m, 0) < 0)
        exit(1);
}

static int receive_fd(int from)
{
    char control[CMSG_SPACE(sizeof(int))];
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    if (recvmsg(from, &m, 0) <= 0 || !CMSG_FIRSTHDR(&m)) {
        printf("skipped: cannot make network namespaces with TUN devices here\n");
        exit(0);
    }
    int fd;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    return fd;
}

/* One side: its namespace, and a process a flow in it. */
static pid_t start_side(int side, const enum kind kinds[FLOWS], bool pings, int *tun)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    fflush(stdout);
    pid_t pid = fork();
    if (pid != 0) {
        close(pair[1]);
        *tun = receive_fd(pair[0]);
        close(pair[0]);
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = tun_open(side);
    if (fd < 0)
        _exit(1);
    send_fd(pair[1], fd);
    while (__atomic_load_n(&board->ready, __ATOMIC_ACQUIRE) == 0)
        usleep(1000);
    for (int flow = 0; flow < FLOWS; flow++) {
        if (kinds[flow] == NOBODY)
            continue;
        if (flow == 1)
            usleep(2000000); /* the second comes to a link in use */
        if (fork() == 0)
            run_flow(side, flow, kinds[flow], pings);
    }
    while (clock_now_us() < board->end_us + 300000)
        usleep(10000);
    _exit(0); /* takes the flows with it */
}

static void run(const struct tun_config *link, enum kind first, enum kind second, bool pings,
                double warm_s, double seconds)
{
    enum kind kinds[FLOWS] = {first, second};
    memset(board, 0, sizeof *board);
    int tuns[2];
    pid_t pids[2];
    for (int side = 0; side < 2; side++)
        pids[side] = start_side(side, kinds, pings, &tuns[side]);
    board->start_us = clock_now_us() + (uint64_t)(warm_s * 1e6);
    board->end_us = board->start_us + (uint64_t)(seconds * 1e6);
    __atomic_store_n(&board->ready, 1, __ATOMIC_RELEASE);
    tun_carry(tuns, link, board->end_us + 100000);
    for (int side = 0; side < 2; side++) {
        kill(pids[side], SIGKILL);
        waitpid(pids[side], NULL, 0);
        close(tuns[side]);
    }
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static double p95_ms(void)
{
    if (board->delay_count == 0)
        return -1;
    qsort(board->delays_us, board->delay_count, sizeof(uint64_t), compare_u64);
    return (double)board->delays_us[board->delay_count * 95 / 100] / 1e3;
}

/* The last line, key=value. */
static char summary[600];

static void summarize(const char *key, const char *format, double value)
{
    size_t len = strlen(summary);
    len += (size_t)snprintf(summary + len, sizeof summary - len, "%s%s=", len ? " " : "", key);
    snprintf(summary + len, sizeof summary - len, format, value);
}

static void measure_links(const char *only, double seconds)
{
    static const struct {
        const char *name;
        struct tun_config link;
    } rows[] = {
        {"wan_loss0", {25000000, 25000, 1250000, 0, 0}},
        {"wan_loss01", {25000000, 25000, 1250000, 0, 1000}},
        {"wan_loss1", {25000000, 25000, 1250000, 0, 10000}},
        {"shallow", {125000000, 10000, 0, 100, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (only && strcmp(only, rows[i].name) != 0)
            continue;
        printf("%-12s", rows[i].name);
        for (int k = 0; k < NOBODY; k++) {
            run(&rows[i].link, (enum kind)k, NOBODY, false, 0, seconds);
            double share = (double)board->received[0] / ((double)rows[i].link.rate * seconds);
            printf(" %9.3f", share);
            fflush(stdout);
            if (k == OURS_BBR)
                summarize(rows[i].name, "%.3f", share);
        }
        printf("\n");
    }
}

static void measure_hol(double seconds)
{
    struct tun_config lan = {12500000, 10000, 625000, 0, 0};
    printf("%-12s", "hol_p95_ms");
    for (int k = 0; k <= USRSCTP; k++) {
        run(&lan, (enum kind)k, NOBODY, true, 1, seconds / 2);
        double p95 = p95_ms();
        printf(" %9.1f", p95);
        fflush(stdout);
        if (k == OURS_BBR)
            summarize("hol_p95_ms", "%.1f", p95);
    }
    printf("\n");
}

static double share_of_first(enum kind second, double seconds)
{
    struct tun_config shared = {12500000, 10000, 500000, 0, 0};
    const uint64_t *received = board->received;
    run(&shared, OURS_BBR, second, false, 8, 2 * seconds);
    return (double)received[0] / (double)(received[0] + received[1]);
}

/* The smaller share of two flows of ours is a mean, since chance has its part
 * in it. */
static void measure_fairness(double seconds)
{
    double smaller = 0;
    for (int i = 0; i < FAIR_RUNS; i++) {
        double first = share_of_first(OURS_BBR, seconds);
        smaller += (first < 0.5 ? first : 1 - first) / FAIR_RUNS;
    }
    double mixed = share_of_first(TCP_CUBIC, seconds);
    printf("%-12s %9.3f            (beside tcp cubic: %.3f)\n", "fair", smaller, mixed);
    summarize("fair", "%.3f", smaller);
    summarize("fair_tcp_cubic", "%.3f", mixed);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 20;
    const char *only = argc > 2 ? argv[2] : NULL;
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    printf("%-12s", "sockets");
    for (int k = 0; k < NOBODY; k++)
        printf(" %9s", kind_names[k]);
    printf("\n");
    measure_links(only, seconds);
    if (!only || strcmp(only, "hol") == 0)
        measure_hol(seconds);
    if (!only || strcmp(only, "fair") == 0)
        measure_fairness(seconds);
    printf("%s\n", summary);
    return 0;
}
