#include "cli/certificate.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"

enum {
    SOON_S = 7 * 86400 /* who renews by a timer has done so weeks before */
};

void certificate_tell(const struct tls_server *server)
{
    struct tm until;
    int64_t left_s = tls_server_expiry(server, &until) - time(NULL);
    char date[32];
    strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &until);
    if (left_s <= 0)
        log_warn("tls: the certificate has expired on %s; clients will refuse it", date);
    else if (left_s < SOON_S)
        log_warn("tls: the certificate expires on %s; SIGHUP reads a new one", date);
    else
        log_info("tls: the certificate is good until %s", date);
}

void certificate_reload(void *tls_server)
{
    char *why;
    if (tls_server_reload(tls_server, &why) < 0) {
        log_error("tls: SIGHUP: %s; the certificate of before stays in use", why);
        free(why);
        return;
    }
    log_info("tls: SIGHUP: read the certificate again");
    certificate_tell(tls_server);
}
