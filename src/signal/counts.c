#include "signal/counts.h"

static const char *const names[SIGNAL_LIMITS] = {
    [SIGNAL_LIMIT_CONNECTIONS] = "connections",
    [SIGNAL_LIMIT_ADDRESS] = "address",
    [SIGNAL_LIMIT_JOINS] = "joins",
    [SIGNAL_LIMIT_ROOM] = "room",
    [SIGNAL_LIMIT_RATE] = "rate",
    [SIGNAL_LIMIT_DATAGRAM] = "datagram",
    [SIGNAL_LIMIT_QUEUE] = "queue",
    [SIGNAL_LIMIT_QUEUES] = "queues",
    [SIGNAL_LIMIT_STUCK] = "stuck",
    [SIGNAL_LIMIT_SILENCE] = "silence",
    [SIGNAL_LIMIT_DESCRIPTORS] = "descriptors",
};

const char *signal_limit_name(enum signal_limit limit)
{
    return names[limit];
}
