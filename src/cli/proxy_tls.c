#include "cli/proxy_tls.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/certificate.h"

bool proxy_tls_open(const struct config *config, struct proxy_tls *out)
{
    char *why;
    *out = (struct proxy_tls){0};
    if (!config_has_tls(config))
        return true;
    if (config->has_own_tls && !own_certificate_find(config, &out->own))
        return false;
    const char *certificate = config->has_own_tls ? out->own.certificate : config->tls_cert;
    const char *key = config->has_own_tls ? out->own.key : config->tls_key;
    if (tls_server_new(certificate, key, &out->server, &why) < 0) {
        fprintf(stderr, "tunnel: %s\n", why);
        free(why);
        return false;
    }
    return true;
}

void proxy_tls_close(struct proxy_tls *tls)
{
    tls_server_free(tls->server);
    own_certificate_deinit(&tls->own);
}

void proxy_tls_tell(const struct proxy_tls *tls)
{
    const char *authority = tls->own.authority;
    if (tls->server)
        certificate_tell(tls->server);
    if (!authority)
        return;
    if (tls->own.is_new)
        log_info("tls: made a certificate for this machine; who trusted one of before must trust "
                 "this one");
    log_info(
        "tls: clients trust it by %s: NODE_EXTRA_CA_CERTS=%s for Node.js, SSL_CERT_FILE=%s for "
        "Python, Go and others; for browsers, curl and all else, the system's store: sudo cp "
        "%s /usr/local/share/ca-certificates/tunnel.crt && sudo update-ca-certificates",
        authority, authority, authority, authority);
}
