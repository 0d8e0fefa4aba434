/*
 * A program of classic BPF (the kernel's
 * Documentation/networking/filter.rst), whose result is the socket's number:
 *
 *   the header's first byte ─► version 6? ─► 48 bits of the source, or 32
 *   ─► times an odd number that nobody else knows ─► halves folded
 *   ─► times a number that spreads ─► upper half, modulo count
 *
 * The first alone leaves neighbours together where it happens to be small, or
 * nearly a multiple of 65536.
 */
#include "net/steering.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/random.h"

enum {
    IPV4_SOURCE = 12, /* RFC 791 section 3.1: where the source stands in the header */
    IPV6_SOURCE = 8,  /* RFC 8200 section 3 */
    VERSION_SHIFT = 4,
    HALF = 16
};

#define SPREADS 0x9e3779b1 /* 2^32 times the golden ratio's fraction, odd */

#define AT(offset) ((uint32_t)(SKF_NET_OFF + (offset)))

int steer_by_source(int fd, uint32_t count)
{
    uint32_t factor;
    random_bytes(&factor, sizeof factor);
    factor |= 1;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT(0)),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, VERSION_SHIFT),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 2, 0),
        /* IPv4 */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(IPV4_SOURCE)),
        BPF_JUMP(BPF_JMP | BPF_JA, 5, 0, 0),
        /* IPv6: the last 16 bits are spread before they meet the others */
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT(IPV6_SOURCE + 4)),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, factor),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(IPV6_SOURCE)),
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, factor),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, HALF),
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, SPREADS),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, HALF),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    const struct sock_fprog program = {sizeof code / sizeof *code, code};
    int result = setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
    return result < 0 ? -errno : 0;
}
