#include "cli/egress_variables.h"

#include <stddef.h>
#include <stdlib.h>

/* The value of the first that has one, or NULL. */
static const char *first_of(const char *const *names, const char **name)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        *name = *names;
        if (value && *value)
            return value;
    }
    return NULL;
}

int egress_variables_read(struct egress **out, const char **variable, const char **why)
{
    static const char *const urls[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                       NULL};
    static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};
    const char *ignored;
    const char *url = first_of(urls, variable);
    *out = NULL;
    return url ? egress_new(url, first_of(exceptions, &ignored), out, why) : 0;
}
