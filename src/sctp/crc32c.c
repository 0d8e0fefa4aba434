/*
 * The instruction takes three cycles but one can start each cycle, so three
 * runs of the packet are summed side by side and then joined: moving a sum
 * over n zero bytes is a multiplication by a power of x, which four table
 * look-ups do for the one block length that is used. The tables are computed
 * once, at the first use; two threads that race compute the same values.
 */
#include "sctp/crc32c.h"

#include <stdbool.h>

#define POLYNOMIAL UINT32_C(0x82F63B78)

enum { BLOCK = 128 }; /* bytes of one of three runs */

static uint32_t byte_table[256];
static uint32_t shift_table[4][256]; /* over BLOCK zero bytes */
static bool tables_ready;

static void tables_init(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = (c >> 1) ^ (c & 1 ? POLYNOMIAL : 0);
        byte_table[i] = c;
    }
    for (uint32_t lane = 0; lane < 4; lane++) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i << (8 * lane);
            for (int n = 0; n < BLOCK; n++)
                c = (c >> 8) ^ byte_table[c & 0xff];
            shift_table[lane][i] = c;
        }
    }
    __atomic_store_n(&tables_ready, true, __ATOMIC_RELEASE);
}

static void tables_want(void)
{
    if (!__atomic_load_n(&tables_ready, __ATOMIC_ACQUIRE))
        tables_init();
}

static uint32_t update_by_table(uint32_t crc, const uint8_t *p, size_t len)
{
    while (len-- > 0)
        crc = (crc >> 8) ^ byte_table[(crc ^ *p++) & 0xff];
    return crc;
}

#if defined(__x86_64__)
static uint32_t shift_block(uint32_t crc)
{
    return shift_table[0][crc & 0xff] ^ shift_table[1][(crc >> 8) & 0xff] ^
           shift_table[2][(crc >> 16) & 0xff] ^ shift_table[3][crc >> 24];
}

__attribute__((target("sse4.2"))) static uint32_t update_by_cpu(uint32_t crc, const uint8_t *p,
                                                                size_t len)
{
    uint64_t a = crc;
    while (len >= 3 * BLOCK) {
        uint64_t b = 0;
        uint64_t c = 0;
        for (size_t i = 0; i < BLOCK; i += 8) {
            uint64_t x, y, z;
            memcpy(&x, p + i, 8);
            memcpy(&y, p + BLOCK + i, 8);
            memcpy(&z, p + 2 * BLOCK + i, 8);
            a = __builtin_ia32_crc32di(a, x);
            b = __builtin_ia32_crc32di(b, y);
            c = __builtin_ia32_crc32di(c, z);
        }
        uint32_t ab = shift_block((uint32_t)a) ^ (uint32_t)b;
        a = shift_block(ab) ^ (uint32_t)c;
        p += 3 * BLOCK;
        len -= 3 * BLOCK;
    }
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t x;
        memcpy(&x, p, 8);
        a = __builtin_ia32_crc32di(a, x);
    }
    uint32_t out = (uint32_t)a;
    for (; len > 0; len--)
        out = __builtin_ia32_crc32qi(out, *p++);
    return out;
}

static bool cpu_can(void)
{
    return __builtin_cpu_supports("sse4.2");
}
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static uint32_t update_by_cpu(uint32_t crc, const uint8_t *p, size_t len)
{
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t x;
        memcpy(&x, p, 8);
        crc = __crc32cd(crc, x);
    }
    for (; len > 0; len--)
        crc = __crc32cb(crc, *p++);
    return crc;
}

static bool cpu_can(void)
{
    return true;
}
#else
static uint32_t update_by_cpu(uint32_t crc, const uint8_t *p, size_t len)
{
    return update_by_table(crc, p, len);
}

static bool cpu_can(void)
{
    return false;
}
#endif

static uint32_t update(uint32_t crc, const uint8_t *p, size_t len)
{
    return cpu_can() ? update_by_cpu(crc, p, len) : update_by_table(crc, p, len);
}

uint32_t crc32c(struct span bytes)
{
    tables_want();
    return ~update(~UINT32_C(0), bytes.data, bytes.len);
}

uint32_t crc32c_by_table(struct span bytes)
{
    tables_want();
    return ~update_by_table(~UINT32_C(0), bytes.data, bytes.len);
}

uint32_t crc32c_of_packet(struct span packet)
{
    static const uint8_t zero[4];
    tables_want();
    uint32_t crc = update(~UINT32_C(0), packet.data, 8);
    crc = update(crc, zero, 4);
    return ~update(crc, packet.data + 12, packet.len - 12);
}
