/*
 * What a person has copied may lack any part of a link, so that the secret is
 * known by its looks: a run of letters and digits, longer than words are.
 */
#include "base/redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define MARK "t1." /* before the secret, see tunnel/link.h */

/* Well before what is behind it could be guessed. */
enum { RUN_MAX = 19 };

static size_t run_length(const char *text)
{
    size_t len = 0;
    while (isalnum((unsigned char)text[len]))
        len++;
    return len;
}

char *redact(const char *text)
{
    const char *end = strchr(text, '#');
    end = end ? end + 1 : text + strlen(text);
    const char *at = text;
    const char *authority = strstr(text, "://"); /* a user's password may begin it */
    if (authority && authority < end && strchr(authority, '@'))
        end = authority + strlen("://");
    if (strncmp(text, MARK, strlen(MARK)) == 0)
        end = text;
    while (at < end) {
        size_t run = run_length(at);
        if (run > RUN_MAX)
            end = at;
        else
            at += run > 0 ? run : 1;
    }
    return xasprintf("%.*s%s", (int)(end - text), text, *end ? "…" : "");
}

bool redact_hides(const char *text)
{
    char *shown = redact(text);
    bool hides = strcmp(shown, text) != 0;
    free(shown);
    return hides;
}

bool redact_can_be_typed(const char *text)
{
    return !redact_hides(text) && text[strcspn(text, " '\"`$\\\t\r\n")] == '\0';
}
