/*
 * The command line and the environment of `tunnel` become one struct config;
 * a flag beats its variable, a variable beats the default.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "http/url.h"
#include "tunnel/rewrite.h"

enum command { COMMAND_SERVE = 1, COMMAND_PROXY = 2 };

enum { CONFIG_STUN_MAX = 7 }; /* with the TURN server: rtc/ice_servers.h's maximum */

struct config {
    enum command command;
    struct url signal;
    char *signal_text; /* as it was given, for messages */
    char *room;
    struct url upstream;
    char *upstream_text;
    bool upstream_insecure;
    bool allows_connect;
    char *upstream_ca; /* NULL for none */
    char *advertise;
    bool preserves_host;
    bool is_forwarded; /* --forwarded */
    char *header_texts[REWRITE_RULES_MAX];
    struct http_field headers[REWRITE_RULES_MAX]; /* in header_texts */
    size_t header_count;
    char *listen_host;
    uint16_t listen_port;
    char *stun[CONFIG_STUN_MAX];
    size_t stun_count;
    char *turn; /* NULL for none */
    char *turn_user;
    char *turn_pass;
    unsigned features; /* of the protocol: a set of enum feature */
    bool relay_only;
    enum log_level log_level;
    enum log_format log_format;
};

enum options_result {
    OPTIONS_RUN,  /* *out is complete, to be freed by config_deinit() */
    OPTIONS_DONE, /* --help or --version was answered on stdout: exit 0 */
    OPTIONS_WRONG /* said on stderr, quoting the value and what is right: exit 2 */
};

/* argv[0] is the program; the secrets among the arguments are overwritten, so
 * that they do not stand in the process list for long. */
enum options_result options_parse(int argc, char **argv, struct config *out);
void config_deinit(struct config *config);

#endif
