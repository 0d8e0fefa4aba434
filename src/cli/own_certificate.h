/*
 * The certificate of `proxy --tls`: made once, kept in the state folder, and
 * made anew when it ends soon or lacks a name.
 */
#ifndef CLI_OWN_CERTIFICATE_H
#define CLI_OWN_CERTIFICATE_H

#include "cli/config.h"

/* Paths, to be freed by own_certificate_deinit(). */
struct own_certificate {
    char *authority; /* for clients to trust */
    char *certificate;
    char *key;
    bool is_new; /* those who trusted the one of before must trust this one */
};

/* False: said on stderr why not. */
bool own_certificate_find(const struct config *config, struct own_certificate *out);
void own_certificate_deinit(struct own_certificate *own);

#endif
