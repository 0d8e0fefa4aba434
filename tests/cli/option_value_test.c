#include "cli/option_value.h"

#include <stdlib.h>

#include "testing.h"

#define LINK   "https://h/#t1.abc"
#define SIGNAL "`, for a signal server there"
#define API    "`, for an API there"

static char *const args[] = {(char *)"tunnel", (char *)"x"};
static const struct wording line = {2, (char **)args};

static char *take(enum command command, const char *flag, const char *text,
                  const struct wording *wording)
{
    struct config config;
    const struct option *o = option_find(flag, strlen(flag));
    assert_non_null(o);
    config_init(&config, command);
    char *why = option_value_take(o, &config, text, wording);
    config_deinit(&config);
    return why;
}

static void check(enum command command, const char *flag, const char *text, const char *wanted)
{
    char *why = take(command, flag, text, &line);
    if (wanted)
        assert_string_equal(why, wanted);
    else
        assert_null(why);
    free(why);
}

static void test_good(void **state)
{
    (void)state;
    check(COMMAND_SERVE, ARGUMENT "UPSTREAM", "11434", NULL);
    check(COMMAND_PROXY, "--listen", "8001", NULL);
    check(COMMAND_SERVE, "--allow-tcp", NULL, NULL);
    check(COMMAND_SERVE, "--header", "X-Page: " LINK, NULL); /* where a secret may stand */
    check(COMMAND_PROXY, "--turn-pass", LINK, NULL);
}

static void test_links(void **state)
{
    (void)state;
    check(COMMAND_PROXY, "--listen", LINK,
          "is a link, for `tunnel proxy LINK`; here belongs ADDR:PORT");
    check(COMMAND_PROXY, "--room", LINK, "is a link, for `tunnel proxy LINK`; here belongs NAME");
    check(COMMAND_RUN, ARGUMENT "FILE", LINK,
          "is a link, for `tunnel proxy LINK`; here belongs FILE");
    check(COMMAND_SERVE, ARGUMENT "UPSTREAM", LINK,
          "is a link, for `tunnel proxy LINK`; here belongs the API, as in 11434");
    check(COMMAND_SERVE, "--signal", LINK,
          "is a link, for `tunnel proxy LINK`; of it, what stands before the '#' belongs here");
    check(COMMAND_INVITE, ARGUMENT "NAME", LINK,
          "is a link, for `tunnel proxy LINK`; here belongs a name, as in phone");
    check(COMMAND_PROXY, "--link-file", LINK, "is a link, not a file: leave out --link-file");
}

static void test_links_in_files(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"--listen", "is a link, whose key is link; here belongs ADDR:PORT"},
        {"--signal",
         "is a link, whose key is link; of it, what stands before the '#' belongs here"},
        {"--link-file", "is a link, not a file: its key is link"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *why = take(COMMAND_PROXY, rows[i][0], LINK, &wording_of_file);
        assert_string_equal(why, rows[i][1]);
        free(why);
    }
    char *why = take(COMMAND_PROXY, ARGUMENT "LINK", "h:1", &wording_of_file);
    assert_null(strstr(why, "perhaps")); /* commands are not what is typed there */
    free(why);
}

static void test_places(void **state)
{
    (void)state;
    static const char no_link[] = "has no '#t1.…': that part is the secret; copy the whole line, "
                                  "with quotes around it";
    check(COMMAND_DOCTOR, ARGUMENT "LINK", "h:1",
          "is no link, which ends with '#t1.…'; perhaps `tunnel doctor --signal h:1" SIGNAL
          ", or `tunnel doctor --upstream h:1" API);
    check(COMMAND_DOCTOR, ARGUMENT "LINK", "tracker:",
          "is no link, which ends with '#t1.…'; perhaps `tunnel doctor --signal tracker:" SIGNAL);
    check(COMMAND_PROXY, ARGUMENT "LINK", "8001",
          "is no link, which ends with '#t1.…'; perhaps `tunnel proxy LINK --listen 8001`, for "
          "tools to connect there, or `tunnel serve 8001" API);
    check(COMMAND_PROXY, ARGUMENT "LINK", "tcp:127.0.0.1:22",
          "is no link, which ends with '#t1.…'; perhaps `tunnel proxy LINK --listen "
          "tcp:127.0.0.1:22`, for tools to connect there");
    check(COMMAND_INVITE, ARGUMENT "NAME", "h:1",
          "must be 1 to 64 letters, digits, '.', '_' or '-', as in phone; perhaps `tunnel invite "
          "NAME --signal h:1" SIGNAL);
    check(COMMAND_PROXY, ARGUMENT "LINK", "https://h/", no_link);
    check(COMMAND_PROXY, ARGUMENT "LINK", "70000", no_link);
    check(COMMAND_DOCTOR, ARGUMENT "LINK", "word", no_link);
}

#define STUN "must be stun:HOST[:PORT], or none"
#define TURN "must be turn:HOST[:PORT][?transport=udp|tcp], or turns:HOST[:PORT] for TLS"

static void test_schemes(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *text, *wanted;
    } rows[] = {
        {"--stun", "h:3478", STUN "; perhaps stun:h:3478"},
        {"--stun", "192.0.2.1", STUN "; perhaps stun:192.0.2.1"},
        {"--stun", "[2001:db8::1]:1", STUN "; perhaps stun:[2001:db8::1]:1"},
        {"--stun", "stun:a,b:1", STUN "; perhaps stun:a,stun:b:1"},
        {"--turn", "h:3478", TURN "; perhaps turn:h:3478"},
        {"--turn", "h:443?transport=tcp", TURN "; perhaps turn:h:443?transport=tcp"},
        {"--turn", "turns:a,b", TURN "; perhaps turns:a,turn:b"},
        {"--stun", "turn:h:1", STUN},
        {"--stun", "turns:h:1", STUN},
        {"--stun", "turn:3478", STUN},
        {"--stun", ":1", STUN},
        {"--stun", "http://h", STUN},
        {"--stun", "h:0x1", STUN},
        {"--stun", "h:1,", STUN},
        {"--stun", "", STUN},
        {"--turn", "stun:h:1", TURN},
        {"--turn", "user:word@h:1", TURN},
        {"--turn", "2001:db8::1", TURN},
        {"--turn", "turn:h:70000", "must have a port of 1 to 65535 behind the host's ':'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(COMMAND_PROXY, rows[i].flag, rows[i].text, rows[i].wanted);
        char *why = take(COMMAND_SERVE, rows[i].flag, rows[i].text, &wording_of_file);
        assert_string_equal(why, rows[i].wanted);
        free(why);
    }
}

/* What may bear a secret is not said again, nor what a shell would read. */
static void test_secrets(void **state)
{
    (void)state;
    static const char *const rows[] = {"https://user:word@h/", "http://h/a b", "http://h/`a`",
                                       "http://h/abcdefghijklmnopqrstuvwxyz"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *why = take(COMMAND_DOCTOR, ARGUMENT "LINK", rows[i], &line);
        assert_non_null(why);
        assert_null(strstr(why, "perhaps"));
        free(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_links),
        cmocka_unit_test(test_places),         cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_links_in_files), cmocka_unit_test(test_schemes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
