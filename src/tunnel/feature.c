/*
 * One table of names; the position is the bit.
 */
#include "tunnel/feature.h"

static const char *const names[FEATURE_COUNT] = {
    "sse", "fields", "flow", "channels", "interim", "upgrade", "forwarded", "tcp", "bundle",
};

const char *feature_name(unsigned bit)
{
    return names[bit];
}

unsigned feature_from_name(struct span name)
{
    for (unsigned bit = 0; bit < FEATURE_COUNT; bit++) {
        if (span_is_string(name, names[bit]))
            return 1u << bit;
    }
    return 0;
}

unsigned features_usable(unsigned features)
{
    if (!(features & FEATURE_FIELDS))
        features &= ~(unsigned)(FEATURE_INTERIM | FEATURE_UPGRADE);
    if (!(features & FEATURE_UPGRADE))
        features &= ~(unsigned)FEATURE_TCP;
    return features;
}
