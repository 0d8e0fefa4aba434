/*
 * The values of cli/config.h that are about links and invites.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/config.h"

enum { LINK_LINE_MAX = 4096 };

/* It says where to meet, too. */
const char *config_take_link(struct config *config, const char *text)
{
    struct link link;
    const char *why;
    if (link_parse(text, &link, &why) < 0)
        return why;
    config_clear_link(config);
    config->link = link;
    config->has_link = true;
    why = config_take_signal(config, link.signal_text);
    assert(!why);
    return NULL;
}

const char *config_take_link_file(struct config *config, const char *text)
{
    char line[LINK_LINE_MAX] = "";
    FILE *file = fopen(text, "r");
    if (!file)
        return "cannot be read";
    bool has_line = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    const char *wrong = has_line ? config_take_link(config, line) : "is empty";
    explicit_bzero(line, sizeof line);
    return wrong;
}

const char *config_take_state(struct config *config, const char *text)
{
    if (!*text || strstr(text, "://"))
        return "must be a folder";
    free(config->state_folder);
    config->state_folder = xstrdup(text);
    return NULL;
}

const char *config_take_name(struct config *config, const char *text)
{
    const char *wrong = invite_name_check(text);
    if (wrong)
        return wrong;
    free(config->name);
    config->name = xstrdup(text);
    return NULL;
}

const char *config_take_expires(struct config *config, const char *text)
{
    return invite_lifetime_parse(text, &config->lifetime_s);
}

const char *config_take_allow(struct config *config, const char *text)
{
    return invite_rules_add(config->rules, &config->rule_count, text);
}

const char *config_take_qr(struct config *config, const char *text)
{
    (void)text;
    config->wants_qr = true;
    return NULL;
}
