#include "rtc/mtu_search.h"

#include "base/clock.h"

enum { TIMES = 2 /* that a size is sent and lost, before it counts as too large */ };

#define PAUSE_LEAST_US (200 * US_PER_MS)

/* What links in use let through: Ethernet, PPPoE, tunnels of several kinds, and
 * the least of IPv6 and of IPv4. */
static const uint16_t usual[] = {1500, 1492, 1480, 1460, 1440, 1420, 1400, 1360, 1280, 1024, 576};

static uint16_t rounded(size_t size)
{
    return (uint16_t)(size / MTU_SEARCH_STEP * MTU_SEARCH_STEP);
}

static void begin_round(struct mtu_search *search, uint64_t now_us)
{
    search->first = (uint8_t)(search->first + search->sent);
    search->sent = 0;
    search->answered = 0;
    search->due_us = now_us;
}

void mtu_search_init(struct mtu_search *search, size_t most, size_t least, uint64_t rtt_us,
                     uint64_t now_us)
{
    uint16_t top = rounded(most < MTU_SEARCH_MOST ? most : MTU_SEARCH_MOST);
    *search = (struct mtu_search){.pause_us = rtt_us + rtt_us / 2};
    if (search->pause_us < PAUSE_LEAST_US)
        search->pause_us = PAUSE_LEAST_US;
    search->sizes[search->count++] = top;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (usual[i] < top && usual[i] >= least)
            search->sizes[search->count++] = usual[i];
    }
    begin_round(search, now_us);
}

/* As many as there may be, with the same distance between them. */
static void refine(struct mtu_search *search, uint64_t now_us)
{
    unsigned steps = (unsigned)(search->smallest - search->largest) / MTU_SEARCH_STEP - 1;
    unsigned count = steps < MTU_SEARCH_PROBES_MAX ? steps : MTU_SEARCH_PROBES_MAX;
    search->count = 0;
    for (unsigned i = count; i > 0; i--)
        search->sizes[search->count++] =
            rounded(search->largest + (steps + 1) * MTU_SEARCH_STEP * i / (count + 1));
    begin_round(search, now_us);
}

static void end_round(struct mtu_search *search, uint64_t now_us)
{
    for (size_t i = 0; i < search->count && search->sizes[i] > search->largest; i++)
        search->smallest = search->sizes[i];
    search->due_us = TIME_NEVER;
    if (search->largest > 0 && search->smallest > search->largest + MTU_SEARCH_STEP)
        refine(search, now_us);
}

static unsigned times_answered(const struct mtu_search *search)
{
    unsigned count = 0;
    for (unsigned i = 0; i < search->sent; i++)
        count += search->answered >> i & 1;
    return count;
}

/* Behind all that may be lost: of what was answered the largest, or else what
 * passes everywhere. */
static size_t add_control(struct mtu_search *search, uint16_t *out, size_t count)
{
    uint16_t control = search->largest > 0 ? search->largest : search->sizes[search->count - 1];
    search->controls[search->sent] = control;
    if (count == 0 || out[count - 1] != control)
        out[count++] = control;
    return count;
}

size_t mtu_search_next(struct mtu_search *search, uint64_t now_us,
                       uint16_t out[MTU_SEARCH_SENT_MAX], uint8_t *number)
{
    size_t count = 0;
    if (now_us < search->due_us)
        return 0;
    if (times_answered(search) >= TIMES) {
        end_round(search, now_us);
    } else if (search->sent == MTU_SEARCH_SENDINGS_MAX) {
        search->largest = 0;
        search->due_us = TIME_NEVER;
    }
    if (search->due_us == TIME_NEVER)
        return 0;
    for (size_t i = 0; i < search->count && search->sizes[i] > search->largest; i++)
        out[count++] = search->sizes[i];
    count = add_control(search, out, count);
    *number = (uint8_t)(search->first + search->sent++);
    search->due_us = now_us + search->pause_us;
    return count;
}

void mtu_search_on_answer(struct mtu_search *search, uint8_t number, size_t size)
{
    if (search->due_us == TIME_NEVER)
        return;
    unsigned sending = (uint8_t)(number - search->first);
    if (sending < search->sent && size == search->controls[sending])
        search->answered |= 1U << sending;
    if (size <= search->largest)
        return;
    search->largest = (uint16_t)size;
    bool is_all = size >= search->sizes[0] && search->smallest == 0;
    bool is_next = search->smallest > 0 && size + MTU_SEARCH_STEP >= search->smallest;
    if (is_all || is_next)
        search->due_us = TIME_NEVER;
}

uint64_t mtu_search_due_us(const struct mtu_search *search)
{
    return search->due_us;
}
