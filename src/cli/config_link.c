/*
 * The values of cli/config.h that are about links and invites.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/config.h"
#include "cli/text_file.h"

enum { LINKS_TEXT_MAX = CONFIG_LINKS_MAX * 4096 }; /* of one line */

static bool has_provider(const struct config *config, const struct link *link)
{
    for (size_t i = 0; i < config->link_count; i++) {
        const struct link *other = &config->links[i];
        if (memcmp(other->provider_id, link->provider_id, PROVIDER_ID_LEN) == 0 &&
            strcmp(other->signal_text, link->signal_text) == 0)
            return true;
    }
    return false;
}

/* It says where to meet, too. */
static const char *add_link(struct config *config, const char *text)
{
    struct link link;
    const char *why;
    if (link_parse(text, &link, &why) < 0)
        return why;
    bool is_known = has_provider(config, &link);
    if (is_known || config->link_count == CONFIG_LINKS_MAX) {
        link_deinit(&link);
        return is_known ? "leads where another link leads already"
                        : "is one link too many; 16 are the most";
    }
    config->links[config->link_count++] = link;
    why = config_take_signal(config, link.signal_text);
    assert(!why);
    return NULL;
}

/* Behind what stands in front of a link where it was copied from: a mark of an
 * editor, and the command that `tunnel serve` prints. */
static char *skip_copied(char *text)
{
    static const char command[] = "tunnel proxy ";
    text = text_file_skip_mark(text);
    text += strspn(text, " \t");
    return strncmp(text, command, sizeof command - 1) == 0 ? text + sizeof command - 1 : text;
}

/* A link is longer than a line of many letters and terminals, which break it:
 * what begins as no link does is the rest of the one before. Of text, which
 * becomes shorter. */
static void join_broken(char *text)
{
    static const char blanks[] = " \t\r\n";
    static const char tracker[] = "tracker:";
    char *end = text + strcspn(text, blanks);
    for (char *at = end + strspn(end, blanks); *at; at += strspn(at, blanks)) {
        size_t len = strcspn(at, blanks);
        const char *scheme = strstr(at, "://");
        bool is_link =
            (scheme && scheme < at + len) || strncmp(at, tracker, sizeof tracker - 1) == 0;
        if (is_link || *at == '-' || end == text)
            *end++ = ' ';
        memmove(end, at, len);
        end += len;
        at += len;
    }
    *end = '\0';
}

/* One, or several between blanks. */
const char *config_take_link(struct config *config, const char *text)
{
    char *copy = xstrdup(text);
    char *rest = skip_copied(copy);
    join_broken(rest);
    size_t count = config->link_count;
    const char *wrong = NULL;
    for (char *one; !wrong && (one = strsep(&rest, " \t\r\n")) != NULL;)
        wrong = *one ? add_link(config, one) : NULL;
    if (!wrong && config->link_count == count)
        wrong = add_link(config, text); /* which says what it lacks */
    free_secret(copy, strlen(text));
    return wrong;
}

const char *config_take_link_file(struct config *config, const char *text)
{
    const char *wrong = NULL;
    FILE *file = text_file_open(text, &wrong);
    if (!file)
        return errno == ENOENT ? "is not there; it should hold the link" : wrong;
    char *links = xcalloc(1, LINKS_TEXT_MAX);
    bool has_line = fgets(links, LINKS_TEXT_MAX, file) != NULL;
    fclose(file);
    wrong =
        has_line ? config_take_link(config, links) : "is empty; its first line should be the link";
    free_secret(links, LINKS_TEXT_MAX);
    return wrong;
}

const char *config_take_pick(struct config *config, const char *text)
{
    bool is_first = strcmp(text, "first") == 0;
    if (!is_first && strcmp(text, "balanced") != 0)
        return "must be balanced or first";
    config->pick = is_first ? POOL_FIRST : POOL_BALANCED;
    return NULL;
}

const char *config_take_config_file(struct config *config, const char *text)
{
    if (!*text)
        return "must be a file";
    free(config->config_file);
    config->config_file = xstrdup(text);
    return NULL;
}

const char *config_take_state(struct config *config, const char *text)
{
    if (!*text || strstr(text, "://"))
        return "must be a folder";
    free(config->state_folder);
    config->state_folder = config_absolute_path(text);
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

const char *config_take_shell(struct config *config, const char *text)
{
    if (strcmp(text, "bash") != 0 && strcmp(text, "zsh") != 0 && strcmp(text, "fish") != 0)
        return "must be bash, zsh or fish";
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
    /* Methods are case-sensitive (RFC 9110 section 9.1), and none has these. */
    if (*text >= 'a' && *text <= 'z')
        return "must name its method in capitals, as in 'GET /v1/*'";
    return invite_rules_add(config->rules, &config->rule_count, text);
}

const char *config_take_qr(struct config *config, const char *text)
{
    (void)text;
    config->wants_qr = true;
    return NULL;
}
