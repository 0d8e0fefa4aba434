/*
 * How much a serve bears at once.
 */
#include "cli/config.h"
#include "tunnel/tunnel.h"

enum { CONSUMERS_MAX = 4096, CONNECTIONS_MAX = CONSUMERS_STREAMS_MAX };

/* A decimal number from 1 to most. */
static bool take_number(const char *text, size_t most, size_t *out)
{
    size_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= most; text++)
        number = number * 10 + (size_t)(*text - '0');
    if (*text || number < 1 || number > most)
        return false;
    *out = number;
    return true;
}

const char *config_take_max_consumers(struct config *config, const char *text)
{
    return take_number(text, CONSUMERS_MAX, &config->consumers_max) ? NULL : "must be 1 to 4096";
}

const char *config_take_max_streams(struct config *config, const char *text)
{
    bool is_good = take_number(text, CONSUMER_STREAMS_MAX, &config->streams_max);
    return is_good ? NULL : "must be 1 to 2048";
}

const char *config_take_upstream_max(struct config *config, const char *text)
{
    bool is_good = take_number(text, CONNECTIONS_MAX, &config->upstream_max);
    return is_good ? NULL : "must be 1 to 4096";
}
