#include "cli/signal_server_cluster.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cli/text_file.h"
#include "net/tls.h"
#include "signal/cluster/redis_reader.h"
#include "signal/server.h"

const char *cluster_options_take_url(struct cluster_options *options, const char *text)
{
    const char *why;
    if (!redis_library())
        return "cannot be: this build has no hiredis, which clusters need";
    redis_url_deinit(&options->url);
    options->is_given = redis_url_parse(text, &options->url, &why) == 0;
    return options->is_given ? NULL : why;
}

const char *cluster_options_misfit(const struct cluster_options *options)
{
    if (options->password && !options->is_given)
        return "--cluster-password-file needs --cluster URL beside it";
    if (options->password && options->url.password)
        return "--cluster-password-file and the password in --cluster contradict each other; leave "
               "one out";
    if (options->url.user && !options->url.password && !options->password)
        return "--cluster names a user without a password; --cluster-password-file has it";
    if (options->ca && !options->url.is_tls)
        return "--cluster-ca needs --cluster rediss://… beside it";
    return NULL;
}

bool cluster_options_apply(struct cluster_options *options, struct signal_server_config *config)
{
    if (!options->is_given)
        return true;
    if (options->url.password)
        log_warn("cluster: the password in --cluster is shown to every user of this machine; "
                 "--cluster-password-file keeps it to itself");
    else if (options->password)
        options->url.password = xstrdup(options->password);
    int error = options->url.is_tls ? tls_client_new(options->ca, false, &options->tls) : 0;
    if (error < 0) {
        const char *why = text_file_wrong(options->ca);
        fprintf(stderr, "signal-server: --cluster-ca '%s' %s\n", options->ca,
                why ? why : "holds no certificate in PEM form");
        return false;
    }
    if (options->tls) {
        tls_client_set_plain(options->tls, "redis://");
        tls_client_set_trust(options->tls, "--cluster-ca FILE");
    }
    config->cluster = &options->url;
    config->cluster_tls = options->tls;
    return true;
}

void cluster_options_deinit(struct cluster_options *options)
{
    tls_client_free(options->tls);
    redis_url_deinit(&options->url);
    free_secret_string(options->password);
}
