/*
 * Apple's clients refuse certificates of more than 825 days.
 */
#include "cli/own_certificate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/tls_certificate.h"
#include "tunnel/state_folder.h"

#define AUTHORITY_FILE   "tls-ca.pem"
#define CERTIFICATE_FILE "tls-cert.pem"
#define KEY_FILE         "tls-key.pem"
#define PATIENCE_US      (5 * US_PER_S)

enum {
    DAY_S = 86400,
    LIFETIME_S = 824 * DAY_S,
    LEFT_S = 30 * DAY_S, /* one that has less is made anew */
    FILE_MAX = 64 << 10,
    NAMES_MAX = CONFIG_NAMES_MAX + 5
};

/* Those of this machine, and those that clients may use for it; no wildcard. */
static size_t list_names(const struct config *config, const char *names[NAMES_MAX], char host[256])
{
    size_t count = 0;
    names[count++] = "localhost";
    names[count++] = "127.0.0.1";
    names[count++] = "::1";
    if (gethostname(host, 255) == 0 && *host && strcmp(host, "localhost") != 0)
        names[count++] = host;
    const char *listen = config->listen_host;
    if (!listen_address_loopback(listen) && strcmp(listen, "127.0.0.1") != 0 &&
        strcmp(listen, "::1") != 0 && strcasecmp(listen, "localhost") != 0)
        names[count++] = listen;
    for (size_t i = 0; i < config->allowed_host_count; i++) {
        if (!strchr(config->allowed_hosts[i], '*'))
            names[count++] = config->allowed_hosts[i];
    }
    return count;
}

/* What is in the file, to be freed; "" where there is none that can be read. */
static char *read_file(struct state_folder *folder, const char *name)
{
    struct buf bytes;
    buf_init(&bytes, FILE_MAX);
    state_folder_read(folder, name, &bytes);
    char *text = xstrndup(buf_bytes(&bytes));
    buf_deinit(&bytes);
    return text;
}

static int write_files(struct state_folder *folder, const struct tls_certificate *made)
{
    int error = state_folder_replace(folder, KEY_FILE, span_from_string(made->key));
    if (error == 0)
        error = state_folder_replace(folder, AUTHORITY_FILE, span_from_string(made->authority));
    if (error == 0) /* the last: it is the one that is looked at */
        error = state_folder_replace(folder, CERTIFICATE_FILE, span_from_string(made->certificate));
    return error;
}

/* The lock is held: of two that start at once, one makes it. */
static int find_in(struct state_folder *folder, const struct config *config, bool *is_new)
{
    const char *names[NAMES_MAX];
    char host[256] = "";
    size_t count = list_names(config, names, host);
    char *pem = read_file(folder, CERTIFICATE_FILE);
    int error = 0;
    *is_new = !tls_certificate_serves(pem, names, count, LEFT_S);
    if (*is_new) {
        struct tls_certificate made;
        tls_certificate_make(names, count, LIFETIME_S, &made);
        error = write_files(folder, &made);
        tls_certificate_deinit(&made);
    }
    free(pem);
    return error;
}

/* path: NULL where there is no home for it. */
static void tell_failure(const struct wording *wording, const char *path, int error)
{
    fprintf(stderr,
            "tunnel: %s keeps a certificate in the state folder%s%s, and cannot: %s; %s names "
            "another folder, and %s and %s a certificate of your own\n",
            wording_given(wording, "--tls"), path ? " " : "", path ? path : "",
            path ? state_folder_explain(error) : "there is no HOME to keep it in",
            wording_given(wording, "--state"), wording_given(wording, "--tls-cert"),
            wording_given(wording, "--tls-key"));
}

bool own_certificate_find(const struct config *config, struct own_certificate *out)
{
    char *path = state_folder_path(config->state_folder);
    struct state_folder *folder = NULL;
    int error = path ? state_folder_open(path, true, &folder) : -ENOENT;
    *out = (struct own_certificate){0};
    if (error == 0)
        error = state_folder_lock(folder, PATIENCE_US);
    if (error == 0)
        error = find_in(folder, config, &out->is_new);
    state_folder_close(folder);
    if (error < 0) {
        tell_failure(&config->wording, path, error);
    } else {
        out->authority = xasprintf("%s/" AUTHORITY_FILE, path);
        out->certificate = xasprintf("%s/" CERTIFICATE_FILE, path);
        out->key = xasprintf("%s/" KEY_FILE, path);
    }
    free(path);
    return error == 0;
}

void own_certificate_deinit(struct own_certificate *own)
{
    free(own->authority);
    free(own->certificate);
    free(own->key);
}
