/*
 * Lines as they land on stderr: escaped, cut, one write each; and secrets
 * shortened beyond use.
 */
#include "testing.h"

#include <stdio.h>

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
    assert_non_null(strstr(line, " warn  peer 3f2a: gone\n"));
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
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_redact),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
