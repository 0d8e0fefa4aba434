#include "tunnel/tool.h"

#include <string.h>

static const char *const tools[] = {
    [MUX_CONSUMER] = "tunnel-proxy/" TUNNEL_VERSION,
    [MUX_PROVIDER] = "tunnel-serve/" TUNNEL_VERSION,
};

const char *tool_name(enum mux_role role)
{
    return tools[role];
}

/* But for the version. */
static bool is_tool(const char *said, const char *tool)
{
    return strncmp(said, tool, strcspn(tool, "/") + 1) == 0;
}

enum mux_likeness tool_likeness(const char *said, enum mux_role role)
{
    if (is_tool(said, tools[role]))
        return MUX_ALIKE;
    bool is_other = is_tool(said, tools[role == MUX_CONSUMER ? MUX_PROVIDER : MUX_CONSUMER]);
    return is_other ? MUX_UNLIKE : MUX_PERHAPS_ALIKE;
}
