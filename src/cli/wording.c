#include "cli/wording.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/option_table.h"

const struct wording wording_of_file = {0, NULL};

static const struct option *find(const char *flag)
{
    const struct option *o = option_find(flag, strlen(flag));
    assert(o);
    return o;
}

/* A key has no dashes. */
static const char *key_of(const char *flag)
{
    return flag + strspn(flag, "-");
}

bool wording_has_flag(const struct wording *wording, const char *flag)
{
    size_t len = strlen(flag);
    for (int i = 2; i < wording->argc; i++) {
        const char *text = wording->argv[i];
        if (strncmp(text, flag, len) == 0 && (text[len] == '\0' || text[len] == '='))
            return true;
    }
    return false;
}

char *wording_lacking(const struct wording *wording, const char *flag)
{
    const struct option *o = find(flag);
    if (!wording->argv)
        return xasprintf("%s = %s", key_of(flag), o->value ? o->value : "yes");
    char *variable = o->variable ? xasprintf(" (or %s)", o->variable) : xstrdup("");
    char *text =
        xasprintf("%s%s%s%s", flag, o->value ? " " : "", o->value ? o->value : "", variable);
    free(variable);
    return text;
}

const char *wording_given(const struct wording *wording, const char *flag)
{
    if (!wording->argv)
        return key_of(flag);
    const char *variable = find(flag)->variable;
    const char *value = variable ? getenv(variable) : NULL;
    bool is_variable = value && *value && !wording_has_flag(wording, flag);
    return is_variable ? variable : flag;
}

char *wording_with(const struct wording *wording, const char *flag, const char *value)
{
    const char *given = wording_given(wording, flag);
    const char *between = !wording->argv ? " = " : given == flag ? " " : "=";
    return xasprintf("%s%s%s", given, between, value);
}
