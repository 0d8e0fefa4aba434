#include "cli/config_whole.h"

#include <stdlib.h>

#include "cli/option_table.h"
#include "testing.h"

/* Flags of `tunnel COMMAND`; one with a NULL behind it ends them. */
struct row {
    enum command command;
    const char *flags[5][2];
    const char *line, *file; /* what lacks, in the words of each; NULL: nothing */
};

#define UPSTREAM                 \
    {                            \
        "--upstream", "http://x" \
    }
#define ROOM          \
    {                 \
        "--room", "r" \
    }

static const struct row rows[] = {
    {COMMAND_SERVE, {UPSTREAM, ROOM}, NULL, NULL},
    {COMMAND_PROXY, {ROOM}, NULL, NULL},
    {COMMAND_SERVE,
     {ROOM},
     "an UPSTREAM, the port or URL of the API, as in `tunnel serve 11434` (or --upstream, or "
     "TUNNEL_UPSTREAM)",
     "upstream = URL, the port or URL of the API, as in upstream = 11434"},
    {COMMAND_PROXY,
     {{NULL}},
     "a LINK, as `tunnel serve` prints it (or TUNNEL_LINK, or --link-file FILE); or --room NAME "
     "(or TUNNEL_ROOM)",
     "link = LINK, as `tunnel serve` prints it, or link-file = FILE; or room = NAME"},
    {COMMAND_PROXY,
     {ROOM, {"--turn", "turn:h"}},
     "--turn-user NAME (or TUNNEL_TURN_USER) beside --turn",
     "turn-user = NAME beside turn"},
    {COMMAND_PROXY,
     {ROOM, {"--turn", "turn:h"}, {"--turn-user", "u"}},
     "--turn-pass PASSWORD (or TUNNEL_TURN_PASS) beside --turn",
     "turn-pass = PASSWORD beside turn"},
    {COMMAND_PROXY,
     {ROOM, {"--turn-user", "u"}},
     "--turn URL (or TUNNEL_TURN) beside --turn-user",
     "turn = URL beside turn-user"},
    {COMMAND_PROXY,
     {ROOM, {"--turn-pass", "p"}},
     "--turn URL (or TUNNEL_TURN) beside --turn-pass",
     "turn = URL beside turn-pass"},
    {COMMAND_PROXY,
     {ROOM, {"--relay-only", "1"}},
     "--turn URL (or TUNNEL_TURN) beside --relay-only",
     "turn = URL beside relay-only"},
    {COMMAND_PROXY,
     {ROOM,
      {"--stun", "stun:a,stun:b,stun:c,stun:d,stun:e"},
      {"--turn", "turn:a,turn:b,turn:c,turn:d"},
      {"--turn-user", "u"},
      {"--turn-pass", "p"}},
     "less of --stun and --turn: 8 servers together are the most",
     "less of stun and turn: 8 servers together are the most"},
    {COMMAND_PROXY,
     {ROOM, {"--tls-cert", "c"}},
     "--tls-key FILE (or TUNNEL_TLS_KEY) beside --tls-cert",
     "tls-key = FILE beside tls-cert"},
    {COMMAND_PROXY,
     {ROOM, {"--tls-key", "k"}},
     "--tls-cert FILE (or TUNNEL_TLS_CERT) beside --tls-key",
     "tls-cert = FILE beside tls-key"},
    {COMMAND_PROXY,
     {ROOM, {"--tls-key", "k"}, {"--tls-cert", "c"}, {"--tls", NULL}},
     "either --tls, or --tls-cert and --tls-key",
     "either tls, or tls-cert and tls-key"},
    {COMMAND_SERVE,
     {UPSTREAM, ROOM, {"--access-log-format", "json"}},
     "--access-log FILE (or TUNNEL_ACCESS_LOG) beside --access-log-format",
     "access-log = FILE beside access-log-format"},
    {COMMAND_DOCTOR,
     {{"--turn-user", "u"}},
     "--turn URL (or TUNNEL_TURN) beside --turn-user",
     NULL},
    {COMMAND_DOCTOR, {{NULL}}, NULL, NULL},
    {COMMAND_STATUS, {{NULL}}, NULL, NULL},
    {COMMAND_INVITE, {{NULL}}, "the NAME of an invite, as in phone", NULL},
    {COMMAND_RUN,
     {{NULL}},
     "--config FILE (or TUNNEL_CONFIG), with a section for each tunnel",
     NULL},
    {COMMAND_COMPLETION, {{NULL}}, "the name of a SHELL: bash, zsh or fish", NULL},
};

/* As from the command line: argv is what stands there. */
static int read_row(const struct row *row, struct config *config, char **argv)
{
    int argc = 2;
    config_init(config, row->command);
    for (int i = 0; i < 5 && row->flags[i][0]; i++) {
        const char *flag = row->flags[i][0], *value = row->flags[i][1];
        const struct option *o = option_find(flag, strlen(flag));
        assert_non_null(o);
        assert_null(o->take(config, value));
        argv[argc++] = (char *)flag;
        if (value)
            argv[argc++] = (char *)value;
    }
    return argc;
}

static void check(struct config *config, const struct wording *wording, const char *before,
                  const char *wanted)
{
    char *text = config_complete(config, "it", wording);
    if (wanted) {
        assert_non_null(text);
        assert_ptr_equal(strstr(text, before), text);
        assert_string_equal(text + strlen(before), wanted);
    } else {
        assert_null(text);
    }
    free(text);
}

static void test_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *argv[16] = {(char *)"tunnel", (char *)"x"};
        struct config config;
        const struct wording line = {read_row(&rows[i], &config, argv), argv};
        check(&config, &line, "it needs ", rows[i].line);
        if (rows[i].command & OPTION_BOTH)
            check(&config, &wording_of_file, "it needs ", rows[i].file);
        config_deinit(&config);
    }
}

static void test_signal(void **state)
{
    (void)state;
    struct config config;
    char *argv[] = {(char *)"tunnel", (char *)"serve", (char *)"1"};
    const struct wording line = {3, argv};
    config_init(&config, COMMAND_SERVE);
    assert_null(config_take_upstream(&config, "1"));
    char *text = config_complete(&config, "it", &line);
    assert_ptr_equal(strstr(text, "it needs --signal URL (or TUNNEL_SIGNAL), the signal server "),
                     text);
    assert_non_null(strstr(text, "; or --signal-listen 0.0.0.0:8787, if"));
    free(text);
    text = config_complete(&config, "it", &wording_of_file);
    assert_ptr_equal(strstr(text, "it needs signal = URL, the signal server "), text);
    assert_non_null(strstr(text, "; or signal-listen = 0.0.0.0:8787, if"));
    assert_null(strstr(text, "--"));
    assert_null(strstr(text, "TUNNEL_"));
    free(text);
    config_deinit(&config);
}

static void test_clash(void **state)
{
    (void)state;
    const struct row row = {.command = COMMAND_PROXY, .flags = {ROOM, {"--signal", "tracker:"}}};
    char *argv[16] = {(char *)"tunnel", (char *)"proxy"};
    struct config config;
    const struct wording line = {read_row(&row, &config, argv), argv};
    check(&config, &line, "it: ",
          "--signal 'tracker:' goes with links alone, not with --room: all the world may ask "
          "a tracker");
    check(&config, &wording_of_file, "it: ",
          "signal 'tracker:' goes with links alone, not with room: all the world may ask a "
          "tracker");
    config_clear_room(&config);
    check(&config, &line, "it needs ",
          "a LINK, as `tunnel serve` prints it (or TUNNEL_LINK, or --link-file FILE); or --room "
          "NAME (or TUNNEL_ROOM)");
    config_deinit(&config);
}

int main(void)
{
    /* They would be taken as what was given. */
    static const char *const variables[] = {"TUNNEL_TURN",      "TUNNEL_TURN_USER",
                                            "TUNNEL_TURN_PASS", "TUNNEL_STUN",
                                            "TUNNEL_TLS_CERT",  "TUNNEL_TLS_KEY",
                                            "TUNNEL_SIGNAL",    "TUNNEL_ROOM",
                                            "TUNNEL_RELAY_ONLY"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_clash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
