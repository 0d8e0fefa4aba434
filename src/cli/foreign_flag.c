/*
 * One row a flag; nothing here is near enough to the name of one of ours for
 * cli/nearest.h to find it.
 */
#include "cli/foreign_flag.h"

#include <stddef.h>

#define BOTH (COMMAND_SERVE | COMMAND_PROXY)

static const char upstream_alone[] =
    "is not known; the port of the API stands alone, as in `tunnel serve 11434`";
static const char listen_meant[] = "is not known; did you mean --listen, as in --listen 8001?";
static const char louder[] = "is not known; did you mean --log-level debug?";
static const char quieter[] = "is not known; did you mean --log-level warn?";

static const struct {
    int commands;
    const char *flag, *why;
} flags[] = {
    {COMMAND_SERVE, "-p", upstream_alone},
    {COMMAND_SERVE, "--port", upstream_alone},
    {COMMAND_SERVE, "--url", upstream_alone},
    {COMMAND_SERVE, "--target", upstream_alone},
    {COMMAND_PROXY, "-p", listen_meant},
    {COMMAND_PROXY, "--port", listen_meant},
    {BOTH, "-v", louder},
    {BOTH, "--verbose", louder},
    {BOTH, "--debug", louder},
    {BOTH, "-q", quieter},
    {BOTH, "--quiet", quieter},
};

const char *foreign_flag_explain(enum command command, struct span flag)
{
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].commands & (int)command && span_is_string(flag, flags[i].flag))
            return flags[i].why;
    }
    return NULL;
}
