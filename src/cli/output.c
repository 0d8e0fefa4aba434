#include "cli/output.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* NULL, or what went wrong. */
static const char *flush(void)
{
    errno = 0;
    bool is_out = fflush(stdout) == 0 && !ferror(stdout);
    if (is_out)
        return NULL;
    /* Of an earlier write only that it failed is known. */
    return errno ? strerror(errno) : "not all of it was written";
}

bool output_end(const char *program)
{
    const char *why = flush();
    if (why)
        fprintf(stderr, "%s: cannot write to stdout: %s\n", program, why);
    return !why;
}

void output_drop(void)
{
    FILE *nowhere = freopen("/dev/null", "w", stdout);
    (void)nowhere; /* there is one, or stdout is closed */
}

const char *output_try(const char *text)
{
    struct pollfd poll_fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&poll_fd, 1, 0) == 0)
        return "nobody reads it";
    fputs(text, stdout);
    return flush();
}
