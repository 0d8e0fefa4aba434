#include "cli/egress_variables.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "net/egress_exceptions.h"
#include "tunnel/origin.h"

static const char *const http_names[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY",
                                         NULL};
static const char *const https_names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                          NULL};
static const char *const exception_names[] = {"no_proxy", "NO_PROXY", NULL};

/* The value of the first that has one, whose name is *name; or NULL. */
static const char *first_of(char *(*get)(const char *name), const char *const *names,
                            const char **name)
{
    for (; *names; names++) {
        const char *value = get(*names);
        *name = *names;
        if (value && *value)
            return value;
    }
    return NULL;
}

int egress_variables_read(char *(*get)(const char *name), struct egress **out,
                          const char **variable, const char **why)
{
    const char *ignored;
    const char *url = first_of(get, https_names, variable);
    *out = NULL;
    return url ? egress_new(url, first_of(get, exception_names, &ignored), out, why) : 0;
}

char *egress_variables_detour(char *(*get)(const char *name), const char *scheme, const char *host,
                              uint16_t port)
{
    const char *variable = NULL;
    const char *name = NULL;
    bool is_http = strcmp(scheme, "http") == 0;
    if (!is_http && strcmp(scheme, "https") != 0)
        return NULL;
    if (!first_of(get, is_http ? http_names : https_names, &variable))
        return NULL;
    const char *exceptions = first_of(get, exception_names, &name);
    if (exceptions && egress_exceptions_have(exceptions, host, port))
        return NULL;
    const char *literal = strcasecmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    const char *also = origin_is_loopback(host) ? ",localhost" : "";
    char *list = exceptions ? xasprintf("\"$%s,%s%s\"", name, literal, also)
                            : xasprintf("%s%s", literal, also);
    char *hint =
        xasprintf("%s is set: many tools ask that proxy for %s, too, unless you export %s=%s",
                  variable, host, name, list);
    free(list);
    return hint;
}
