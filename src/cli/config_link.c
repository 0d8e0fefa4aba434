/*
 * The values of cli/config.h that are about links and invites.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* A pipe is as good as a file, as in --link-file <(…), while somebody writes to
 * it. One without is empty, and not waited for. */
static FILE *open_link_file(const char *path, const char **wrong)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool is_open = fd >= 0 && fstat(fd, &st) == 0;
    if (is_open && !S_ISDIR(st.st_mode) && fcntl(fd, F_SETFL, O_RDONLY) == 0)
        return fdopen(fd, "r");
    *wrong = is_open && S_ISDIR(st.st_mode) ? "is a folder" : "cannot be read";
    if (fd >= 0)
        close(fd);
    return NULL;
}

const char *config_take_link_file(struct config *config, const char *text)
{
    char line[LINK_LINE_MAX] = "";
    const char *wrong = NULL;
    FILE *file = open_link_file(text, &wrong);
    if (!file)
        return wrong;
    bool has_line = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    wrong = has_line ? config_take_link(config, line) : "is empty";
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
