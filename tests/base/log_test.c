/*
 * Lines as they land on stderr: escaped, cut, one write each, some held back,
 * some lost; and secrets shortened beyond use.
 */
#include "testing.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

/* What one call wrote, captured through a pipe in stderr's place. */
static char captured[16384];

static const char *capture(enum log_level level, const char *message)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    dup2(fds[1], STDERR_FILENO);
    log_write(level, "%s", message);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    ssize_t got = read(fds[0], captured, sizeof captured - 1);
    close(fds[0]);
    captured[got < 0 ? 0 : got] = '\0';
    return captured;
}

static void test_text(void **state)
{
    (void)state;
    log_configure(LOG_INFO, LOG_TEXT);
    const char *line = capture(LOG_WARN, "peer 3f2a: gone");
    /* Not a terminal: whole date, and zone. */
    int year, minutes, end = 0;
    sscanf(line, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3d%*3d:%2d warn  peer 3f2a: gone\n%n", &year,
           &minutes, &end);
    assert_true(year >= 2025);
    assert_int_equal(end, strlen(line));
    assert_string_equal(capture(LOG_DEBUG, "quiet"), "");
    assert_true(log_is_enabled(LOG_INFO));
    assert_false(log_is_enabled(LOG_DEBUG));
}

static void test_escapes_controls(void **state)
{
    (void)state;
    log_configure(LOG_INFO, LOG_TEXT);
    /* A terminal's escape, a line break, DEL, a C1 control, bad UTF-8. */
    const char *line = capture(LOG_INFO, "a\x1b[2J\nb\x7f\xc2\x9b\xff\"\xc3\xa4");
    assert_non_null(strstr(line, "a\\u001b[2J\\u000ab\\u007f\\u009b\\u00ff\"\xc3\xa4\n"));
}

/* For who prints on a terminal without the log. */
static void test_escapes_elsewhere(void **state)
{
    (void)state;
    char out[32];
    log_configure(LOG_INFO, LOG_TEXT);
    log_escape("no \x1b]0;x\x07 \"place\"", out, sizeof out);
    assert_string_equal(out, "no \\u001b]0;x\\u0007 \"pla");
    log_escape("", out, 1);
    assert_string_equal(out, "");
}

static void test_json(void **state)
{
    (void)state;
    log_configure(LOG_DEBUG, LOG_JSON);
    const char *line = capture(LOG_DEBUG, "say \"hi\" \\ \n");
    assert_int_equal(strncmp(line, "{\"time\":\"20", 11), 0);
    assert_non_null(
        strstr(line, "\"level\":\"debug\",\"message\":\"say \\\"hi\\\" \\\\ \\u000a\"}\n"));
    log_configure(LOG_INFO, LOG_TEXT);
}

static void test_events(void **state)
{
    (void)state;
    const struct log_field fields[] = {{"path", "di\"rect", 0}, {"rtt_ms", NULL, 1.5}, {0}};
    static char long_text[2000];
    memset(long_text, '"', sizeof long_text - 1);
    const struct log_field too_long[] = {{"room", "x", 0}, {"path", long_text, 0}, {0}};
    for (int round = 0; round < 3; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        int saved = dup(STDERR_FILENO);
        dup2(fds[1], STDERR_FILENO);
        log_configure(LOG_INFO, round == 0 ? LOG_TEXT : LOG_JSON);
        log_event(LOG_INFO, "connected", round == 2 ? too_long : fields, "up");
        dup2(saved, STDERR_FILENO);
        close(saved);
        close(fds[1]);
        ssize_t got = read(fds[0], captured, sizeof captured - 1);
        close(fds[0]);
        assert_true(got > 0);
        captured[got] = '\0';
        static const char *const ends[] = {
            " info  up\n",
            "\"message\":\"up\",\"event\":\"connected\",\"path\":\"di\\\"rect\",\"rtt_ms\":1.5}\n",
            "\"message\":\"up\",\"event\":\"connected\",\"room\":\"x\",\"path\":\"",
        };
        assert_non_null(strstr(captured, ends[round]));
        assert_string_equal(captured + got - (round ? 2 : 1), round ? "}\n" : "\n");
    }
    log_configure(LOG_INFO, LOG_TEXT);
}

/* A thousand of one kind: some go out, the next that does tells of the rest;
 * other kinds do not notice. */
static void test_too_many_of_a_kind(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    int saved = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    int count = 0;
    for (int i = 0; i < 1000; i++)
        log_info("junk %d", i);
    log_info("other");
    /* After a while, there is one again. */
    bool is_told = false;
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    FILE *file = fdopen(fds[0], "r");
    for (char line[512]; !is_told;) {
        if (!fgets(line, sizeof line, file)) {
            clearerr(file);
            log_info("junk %d", 1000);
            continue;
        }
        is_told = strstr(line, "junk") && strstr(line, " more)\n");
        count += strstr(line, "other") ? 1000 : 1;
    }
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    fclose(file);
    assert_in_range(count, 1100, 1500); /* "other", the burst, what a slow machine adds */
}

/* Nobody reads: what does not fit is lost, the caller goes on, and the next
 * line that fits says how many were. */
static void test_unread_pipe(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    int size = fcntl(fds[1], F_SETPIPE_SZ, 4096);
    assert_in_range(size, 1, sizeof captured - 1);
    int saved = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    alarm(60); /* a write that blocks would never end */
    log_configure(LOG_DEBUG, LOG_TEXT);
    log_open("test");
    for (int i = 0; i < size / 10; i++)
        log_debug("an unread line, number %d", i);
    ssize_t got = read(fds[0], captured, sizeof captured - 1);
    assert_true(got > 0 && got <= size);
    assert_int_equal(captured[got - 1], '\n'); /* no half line */
    log_info("read again");
    got = read(fds[0], captured, sizeof captured - 1);
    captured[got] = '\0';
    dup2(saved, STDERR_FILENO);
    log_close();
    alarm(0);
    close(saved);
    close(fds[0]);
    close(fds[1]);
    unsigned lost = 0;
    sscanf(strstr(captured, "log: "), "log: %u lines were lost", &lost);
    assert_true(lost > 0);
    assert_non_null(strstr(captured, "read again\n"));
}

/* On a terminal: a mark for the level, and no name where it is the program. */
static void test_terminal(void **state)
{
    (void)state;
    int master, slave;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    int saved = dup(STDERR_FILENO);
    dup2(slave, STDERR_FILENO);
    setenv("NO_COLOR", "1", 1);
    log_configure(LOG_INFO, LOG_TEXT);
    log_open("test");
    log_warn("test: first");
    log_info("tester: second");
    log_show(LOG_MARK_GOOD, "<", "third\x1b");
    log_configure(LOG_DEBUG, LOG_TEXT);
    log_debug("fourth");
    dup2(saved, STDERR_FILENO);
    log_close();
    close(saved);
    close(slave);
    size_t len = 0;
    for (ssize_t got; (got = read(master, captured + len, sizeof captured - 1 - len)) > 0;)
        len += (size_t)got;
    captured[len] = '\0';
    close(master);
    for (size_t i = 0; i < len; i++)
        captured[i] = captured[i] >= '0' && captured[i] <= '9' ? '0' : captured[i];
    assert_string_equal(captured, "00:00:00 !! first\r\n"
                                  "00:00:00 .. tester: second\r\n"
                                  "<00:00:00 ok third\\u000b\r\n"
                                  "00:00:00.000    fourth\r\n");
}

static void test_long_messages_are_cut(void **state)
{
    (void)state;
    static char message[5000];
    memset(message, '\x01', sizeof message - 1);
    log_configure(LOG_INFO, LOG_JSON);
    const char *line = capture(LOG_INFO, message);
    size_t len = strlen(line);
    assert_true(len < 8192);
    assert_string_equal(line + len - 3, "\"}\n");
    log_configure(LOG_INFO, LOG_TEXT);
}

static void test_redact(void **state)
{
    (void)state;
    char out[LOG_REDACTED_LEN];
    assert_string_equal(log_redact("", out), "\xe2\x80\xa6");
    assert_string_equal(log_redact("short", out), "\xe2\x80\xa6");
    assert_string_equal(log_redact("correct horse", out), "co\xe2\x80\xa6");
    /* Whole characters, also when they are long. */
    assert_string_equal(log_redact("\xf0\x9f\x9a\x87\xf0\x9f\x9a\x87 metro", out),
                        "\xf0\x9f\x9a\x87\xf0\x9f\x9a\x87\xe2\x80\xa6");
}

static void test_names(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    enum log_format format = LOG_TEXT;
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_false(log_level_parse("Debug", &level));
    assert_false(log_level_parse("", &level));
    assert_true(log_format_parse("json", &format));
    assert_int_equal(format, LOG_JSON);
    assert_false(log_format_parse("xml", &format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_escapes_controls),
        cmocka_unit_test(test_escapes_elsewhere),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_too_many_of_a_kind),
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_redact),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unread_pipe), /* the last: it opens the log */
        cmocka_unit_test(test_terminal),    /* the log is closed behind it */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
