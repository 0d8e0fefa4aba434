#include "cli/idle_flags.h"

#include <string.h>

#include "base/alloc.h"

static bool adds_fields(const struct config *config)
{
    for (size_t i = 0; i < config->header_count; i++) {
        if (config->headers[i].value.len > 0)
            return true;
    }
    return false;
}

static bool has_idle_origin(const struct config *config)
{
    return config->allowed_origin_count > 0 && !adds_fields(config);
}

static bool has_idle_insecure(const struct config *config)
{
    return config->upstream_insecure && !config->upstream.is_tls;
}

static bool has_idle_ca(const struct config *config)
{
    return config->upstream_ca && !config->upstream.is_tls;
}

static bool has_unused_ca(const struct config *config)
{
    return config->upstream_ca && config->upstream.is_tls && config->upstream_insecure;
}

static bool has_idle_stun(const struct config *config)
{
    bool is_default = config->stun_count == 1 && strcmp(config->stun[0], CONFIG_STUN_DEFAULT) == 0;
    return config->relay_only && config->stun_count > 0 && !is_default;
}

struct row {
    bool (*is_idle)(const struct config *config);
    const char *flag;
    const char *before, *other, *after; /* other: a flag as well, or NULL */
};

static char *explain(const struct row *row, const struct wording *wording)
{
    return xasprintf("%s has no effect%s%s%s", wording_given(wording, row->flag), row->before,
                     row->other ? wording_given(wording, row->other) : "", row->after);
}

char *idle_flags_next(const struct config *config, unsigned *at)
{
    static const struct row rows[] = {
        {has_idle_origin, "--allow-origin", " without a ", "--header",
         " that adds a field: what the upstream allows pages is its own decision"},
        {has_idle_insecure, "--upstream-insecure", ": the upstream is not https", NULL, ""},
        {has_idle_ca, "--upstream-ca", ": the upstream is not https", NULL, ""},
        {has_unused_ca, "--upstream-ca", " beside ", "--upstream-insecure", ""},
        {has_idle_stun, "--stun", " beside ", "--relay-only", ""},
    };
    while (*at < sizeof rows / sizeof *rows) {
        const struct row *row = &rows[(*at)++];
        if (row->is_idle(config))
            return explain(row, &config->wording);
    }
    return NULL;
}
