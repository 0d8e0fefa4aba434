/*
 * A network of the test's own, for which it must be root, and a process that
 * has no netlink, as in a strict sandbox.
 */
#ifndef TESTS_NETWORK_TESTING_H
#define TESTS_NETWORK_TESTING_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* False where nobody may. IPv6 addresses come and go later than the call that
 * made them do so, by a thread of the kernel, so there are none. */
static inline bool enter_network(void)
{
    if (unshare(CLONE_NEWNET) < 0)
        return false;
    FILE *file = fopen("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w");
    if (file) {
        fputs("1", file);
        fclose(file);
    }
    return true;
}

/* The same with the loopback up; false also without ip(8). */
static inline bool build_network(void)
{
    return enter_network() && system("ip link set lo up 2>/dev/null") == 0;
}

__attribute__((format(printf, 1, 2))) static inline void ip(const char *format, ...)
{
    char command[256] = "ip ";
    va_list args;
    va_start(args, format);
    vsnprintf(command + 3, sizeof command - 3, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static inline bool is_running(const char *name)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    bool is_set = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING);
    close(fd);
    return is_set;
}

/* An interface that leads nowhere. A thread of the kernel sees its carrier,
 * when it gets to run. */
static inline void add_interface(const char *name, const char *address)
{
    ip("link add %s type veth peer name p-%s", name, name);
    ip("addr add %s dev %s", address, name);
    ip("link set %s up", name);
    ip("link set p-%s up", name);
    for (time_t begun = time(NULL); !is_running(name); sched_yield()) {
        if (time(NULL) - begun > 20)
            fail_msg("%s has no carrier", name);
    }
}

/* From now on the process gets no socket of netlink. False where it cannot ask
 * for that. */
static inline bool forgo_netlink(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#endif
