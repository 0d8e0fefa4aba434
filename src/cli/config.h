/*
 * What `tunnel` was told to do, and what each value of it may be.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "cli/wording.h"
#include "http/url.h"
#include "net/egress.h"
#include "rtc/ice_fixed.h"
#include "tunnel/invite.h"
#include "tunnel/link.h"
#include "tunnel/pool.h"
#include "tunnel/rewrite.h"

enum command {
    COMMAND_SERVE = 1,
    COMMAND_PROXY = 2,
    COMMAND_INVITE = 4,
    COMMAND_INVITES = 8,
    COMMAND_REVOKE = 16,
    COMMAND_COMPLETION = 32,
    COMMAND_STATUS = 64,
    COMMAND_REQUESTS = 128,
    COMMAND_RUN = 256,
    COMMAND_DOCTOR = 512
};

/* Of the signal server's URL: by --signal as a whole, or without its scheme. */
enum signal_origin { SIGNAL_DEFAULT, SIGNAL_GIVEN, SIGNAL_COMPLETED };

#define CONFIG_STUN_DEFAULT "stun:stun.l.google.com:19302"

/* One server alone does not tell of which kind a NAT is: for doctor, and what
 * it asks the other side. */
#define CONFIG_STUN_SECOND "stun:stun.cloudflare.com:3478"

enum { CONFIG_STUN_MAX = 7, CONFIG_TURN_MAX = 4, CONFIG_SERVERS_MAX = 8 /* together */ };
enum { CONFIG_NAMES_MAX = 32 }; /* of --allow-host, of --allow-origin */
enum { CONFIG_LINKS_MAX = POOL_PROVIDERS_MAX };

struct config {
    enum command command;
    struct wording wording; /* of who has written it; a file, unless that is set */
    struct url signal;
    char *signal_text; /* the URL, for messages */
    enum signal_origin signal_origin;
    char *own_signal_host; /* of --signal-listen; NULL: none */
    uint16_t own_signal_port;
    struct url own_signal;               /* how this machine reaches that */
    bool is_near;                        /* without --no-lan */
    char *room;                          /* NULL: sealed, by links or the state folder */
    struct link links[CONFIG_LINKS_MAX]; /* of a proxy */
    size_t link_count;
    enum pool_pick pick;
    char *state_folder;     /* NULL: the usual one */
    bool has_default_state; /* that of the instance, below the usual one */
    char *instance;         /* what it is called in a config file; NULL: it is in none */
    char *config_file;      /* of `run` */
    char *name;             /* of the invite, or of the shell, that a command is about */
    int64_t lifetime_s;     /* of a new one; 0: for ever */
    char *rules[INVITE_RULES_MAX];
    size_t rule_count;
    bool wants_qr;
    struct url upstream;
    char *upstream_text; /* the URL that a port or HOST:PORT stands for */
    bool upstream_insecure;
    bool allows_connect;
    bool allows_tcp;
    char *upstream_ca; /* NULL for none */
    char *advertise;
    bool preserves_host;
    bool is_forwarded; /* --forwarded */
    char *header_texts[REWRITE_RULES_MAX];
    struct http_field headers[REWRITE_RULES_MAX]; /* in header_texts */
    size_t header_count;
    char *allowed_hosts[CONFIG_NAMES_MAX];
    size_t allowed_host_count;
    char *allowed_origins[CONFIG_NAMES_MAX];
    size_t allowed_origin_count;
    size_t consumers_max; /* at a time */
    size_t streams_max;   /* of each consumer at a time */
    size_t upstream_max;  /* connections to the upstream at a time; 0: any number */
    char *listen_host;
    bool listen_is_tcp; /* tcp: in front of it */
    uint16_t listen_port;
    bool has_own_tls; /* --tls */
    char *tls_cert;   /* with tls_key, or NULL */
    char *tls_key;
    char *stun[CONFIG_STUN_MAX];
    size_t stun_count;
    char *turn[CONFIG_TURN_MAX];
    size_t turn_count;
    char *turn_user;
    char *turn_pass;
    unsigned features; /* of the protocol: a set of enum feature */
    bool relay_only;
    bool signal_relay;     /* may be used */
    struct egress *egress; /* NULL for none */
    struct ice_fixed fixed;
    char *interface;     /* of `fixed` */
    char *control;       /* the path of the control socket; NULL: the usual one */
    bool has_no_control; /* --control none */
    char *metrics_host;  /* NULL: none */
    uint16_t metrics_port;
    char *access_log; /* a path, or "-" for stdout; NULL: none */
    bool is_access_log_json;
    bool has_access_log_form; /* was given */
    bool wants_json;          /* of `status`, `requests`, `invites` and `doctor` */
    bool wants_watch;
    bool follows;
    char *only_device; /* NULL: any */
    char *only_path;   /* the same */
    bool only_failed;
    enum log_level log_level;
    enum log_format log_format;
};

/* Defaults. */
void config_init(struct config *config, enum command command);
void config_deinit(struct config *config);

/* What follows from all of its values together; once, behind the last. */
void config_settle(struct config *config);

/* Each takes the value of the option of that name; text is NULL where a flag
 * has no value. NULL, or what would be right, as in "must be text or json". */
const char *config_take_signal(struct config *config, const char *text);
const char *config_take_signal_listen(struct config *config, const char *text);
const char *config_take_no_lan(struct config *config, const char *text);
const char *config_take_upstream(struct config *config, const char *text);
const char *config_take_room(struct config *config, const char *text);
const char *config_take_link(struct config *config, const char *text);
const char *config_take_link_file(struct config *config, const char *text);
const char *config_take_pick(struct config *config, const char *text);
const char *config_take_state(struct config *config, const char *text);
const char *config_take_config_file(struct config *config, const char *text);
const char *config_take_name(struct config *config, const char *text);
const char *config_take_shell(struct config *config, const char *text);
const char *config_take_expires(struct config *config, const char *text);
const char *config_take_allow(struct config *config, const char *text);
const char *config_take_qr(struct config *config, const char *text);
const char *config_take_insecure(struct config *config, const char *text);
const char *config_take_upstream_ca(struct config *config, const char *text);
const char *config_take_preserve_host(struct config *config, const char *text);
const char *config_take_forwarded(struct config *config, const char *text);
const char *config_take_header(struct config *config, const char *text);
const char *config_take_allow_connect(struct config *config, const char *text);
const char *config_take_allow_tcp(struct config *config, const char *text);
const char *config_take_allow_host(struct config *config, const char *text);
const char *config_take_allow_origin(struct config *config, const char *text);
const char *config_take_advertise(struct config *config, const char *text);
const char *config_take_max_consumers(struct config *config, const char *text);
const char *config_take_max_streams(struct config *config, const char *text);
const char *config_take_upstream_max(struct config *config, const char *text);
const char *config_take_listen(struct config *config, const char *text);
const char *config_take_tls(struct config *config, const char *text);
const char *config_take_tls_cert(struct config *config, const char *text);
const char *config_take_tls_key(struct config *config, const char *text);
const char *config_take_stun(struct config *config, const char *text);
const char *config_take_turn(struct config *config, const char *text);
const char *config_take_turn_user(struct config *config, const char *text);
const char *config_take_turn_pass(struct config *config, const char *text);
const char *config_take_without(struct config *config, const char *text);
const char *config_take_udp_port(struct config *config, const char *text);
const char *config_take_interface(struct config *config, const char *text);
const char *config_take_external(struct config *config, const char *text);
const char *config_take_port_mapping(struct config *config, const char *text);
const char *config_take_relay_only(struct config *config, const char *text);
/* A command run in that folder may say where it is from there; who is shown it
 * elsewhere cannot, nor has a socket a name without a slash in front. To be
 * freed. */
char *config_absolute_path(const char *text);
const char *config_take_control(struct config *config, const char *text);
const char *config_take_metrics(struct config *config, const char *text);
const char *config_take_access_log(struct config *config, const char *text);
const char *config_take_access_log_form(struct config *config, const char *text);
const char *config_take_json(struct config *config, const char *text);
const char *config_take_watch(struct config *config, const char *text);
const char *config_take_follow(struct config *config, const char *text);
const char *config_take_only_device(struct config *config, const char *text);
const char *config_take_only_path(struct config *config, const char *text);
const char *config_take_only_failed(struct config *config, const char *text);
const char *config_take_signal_relay(struct config *config, const char *text);
const char *config_take_log_level(struct config *config, const char *text);
const char *config_take_log_format(struct config *config, const char *text);

void config_clear_stun(struct config *config);
void config_clear_turn(struct config *config);
void config_clear_servers(struct config *config);
void config_clear_room(struct config *config);
void config_clear_links(struct config *config);
void config_clear_views(struct config *config);
void config_clear_tls(struct config *config);

/* CONFIG_STUN_SECOND while the default is asked, else NULL. */
const char *config_second_stun(const struct config *config);

/* A proxy's clients speak TLS. */
bool config_has_tls(const struct config *config);

/* What clients of a proxy speak: "http", "https" or "tcp". */
const char *config_listen_scheme(const struct config *config);

#endif
