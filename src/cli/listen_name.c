/*
 * A name server that does not answer is given up after some ten seconds, and
 * what is listened at may be a typo: "80x" is a name, too.
 */
#include "cli/listen_name.h"

#include <stdlib.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/log.h"
#include "net/resolve.h"

void listen_name_tell(const struct config *config, const char *flag, const char *host)
{
    struct address address;
    if (host[0] == '/' || strcasecmp(host, "localhost") == 0 ||
        address_parse(host, 0, &address) == 0)
        return;
    log_info("tunnel: looking up '%s', the name in %s", host,
             wording_given(&config->wording, flag));
}

char *listen_name_other(const struct config *config, const char *place)
{
    char *value = xasprintf("%s%s", config->listen_is_tcp ? "tcp:" : "", place);
    char *text = wording_with(&config->wording, "--listen", value);
    free(value);
    return text;
}
