/*
 * What stands for a URL without a scheme, and that nothing plain is guessed for
 * the internet.
 */
#include "testing.h"

#include <stdlib.h>

#include "cli/short_url.h"

struct row {
    const char *text, *url;
};

static void check(char *(*complete)(const char *text), const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *url = complete(rows[i].text);
        if (strcmp(url, rows[i].url ? rows[i].url : rows[i].text) != 0)
            fail_msg("'%s' became '%s'", rows[i].text, url);
        free(url);
    }
}

static void test_upstream(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"11434", "http://localhost:11434"},
        {"localhost:11434", "http://localhost:11434"},
        {"api.example.org:80/base", "http://api.example.org:80/base"},
        {"https://api.example.org", NULL},
        {"unix:/run/api", NULL},
        {"localhost", NULL},
        {"", NULL},
    };
    check(short_url_upstream, rows, sizeof rows / sizeof *rows);
}

static void test_signal(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"8787", "ws://localhost:8787"},
        {"8787/s", "ws://localhost:8787/s"},
        {"localhost:8787", "ws://localhost:8787"},
        {"localhost", "ws://localhost:8787"},
        {"127.0.0.1:1", "ws://127.0.0.1:1"},
        {"[::1]:1", "ws://[::1]:1"},
        {"[::1]", "ws://[::1]:8787"},
        {"10.1.2.3", "ws://10.1.2.3:8787"},
        {"172.16.0.1:80", "ws://172.16.0.1:80"},
        {"172.31.0.1:80", "ws://172.31.0.1:80"},
        {"192.168.1.5/s?x", "ws://192.168.1.5:8787/s?x"},
        {"169.254.1.1:80", "ws://169.254.1.1:80"},
        {"100.64.0.1:80", "ws://100.64.0.1:80"},
        {"100.127.0.1:80", "ws://100.127.0.1:80"},
        {"[fd00::1]:80", "ws://[fd00::1]:80"},
        {"[fe80::1]:80", "ws://[fe80::1]:80"},
        {"nas:8787", "ws://nas:8787"},
        {"nas.local", "ws://nas.local:8787"},
        {"nas.home.arpa:1", "ws://nas.home.arpa:1"},
        {"NAS.LAN.:1", "ws://NAS.LAN.:1"},
        /* All that may be on the internet. */
        {"signal.example.org", "wss://signal.example.org"},
        {"signal.example.org:8787/s", "wss://signal.example.org:8787/s"},
        {"192.0.2.1:8787", "wss://192.0.2.1:8787"},
        {"172.32.0.1:80", "wss://172.32.0.1:80"},
        {"172.15.0.1:80", "wss://172.15.0.1:80"},
        {"100.63.0.1:80", "wss://100.63.0.1:80"},
        {"100.128.0.1:80", "wss://100.128.0.1:80"},
        {"192.169.0.1:80", "wss://192.169.0.1:80"},
        {"[2001:db8::1]:80", "wss://[2001:db8::1]:80"},
        {"notlocal.example:1", "wss://notlocal.example:1"},
        /* Whole, or none. */
        {"ws://h", NULL},
        {"wss://h:1/", NULL},
        {"https://h", NULL},
        {"ftp://h.example", NULL},
        {"nonsense", NULL},
        {"h:", NULL},
        {"h:x", NULL},
        {":1", NULL},
        {"", NULL},
        {"/s", NULL},
    };
    check(short_url_signal, rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_upstream),
                                       cmocka_unit_test(test_signal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
