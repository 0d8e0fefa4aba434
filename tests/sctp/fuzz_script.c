#include "fuzz_script.h"

static size_t argument(const uint8_t *p, size_t len, size_t at)
{
    return at < len ? p[at] : 0;
}

static size_t full_len(const uint8_t *p, size_t len)
{
    static const uint8_t fixed[SCRIPT_OPS] = {
        [SCRIPT_RAW] = 3,     [SCRIPT_DATA] = 7,    [SCRIPT_INIT] = 6,      [SCRIPT_SACK] = 5,
        [SCRIPT_CONTROL] = 4, [SCRIPT_FORWARD] = 2, [SCRIPT_RECONFIG] = 5,  [SCRIPT_DAMAGE] = 6,
        [SCRIPT_WAIT] = 2,    [SCRIPT_SEND] = 4,    [SCRIPT_PEER_SEND] = 4, [SCRIPT_RESET] = 1,
    };
    unsigned op = p[0] % SCRIPT_OPS;
    size_t base = 1u + fixed[op];
    switch (op) {
    case SCRIPT_RAW:
        return base + argument(p, len, 3);
    case SCRIPT_INIT:
        return base + 3 * (argument(p, len, 6) % INIT_PARAMS);
    case SCRIPT_SACK:
        return base + 2 * (argument(p, len, 1) % SACK_GAPS) + argument(p, len, 2) % SACK_DUPLICATES;
    case SCRIPT_FORWARD:
        return base + 3 * (argument(p, len, 1) % FORWARD_STREAMS);
    case SCRIPT_RECONFIG:
        return base + argument(p, len, 2) % RESET_STREAMS;
    default:
        return base;
    }
}

size_t script_step_len(const uint8_t *p, size_t len)
{
    if (len == 0)
        return 0;
    size_t full = full_len(p, len);
    return full < len ? full : len;
}
