/*
 * Two passes: lines become sections of keys and values, and these a config
 * each, first those for all.
 */
#include "cli/config_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file_time.h"
#include "base/redact.h"
#include "base/wipe.h"
#include "cli/config_whole.h"
#include "cli/egress_variables.h"
#include "cli/nearest.h"
#include "cli/option_value.h"
#include "cli/text_file.h"
#include "tunnel/state_folder.h"

enum { SECTIONS_MAX = 64, LINES_MAX = 2048, LINE_LEN_MAX = 8192, NAME_LEN_MAX = 32 };

/* Of a key. */
struct line {
    unsigned number;
    size_t section; /* 0: for all; else one more than its index */
    char *key;
    char *value;
};

struct reader {
    const char *path;
    struct config_file *file;
    struct line lines[LINES_MAX];
    size_t line_count;
    unsigned heads[SECTIONS_MAX]; /* the line where each begins */
    char *why;
};

__attribute__((format(printf, 3, 4))) static bool wrong(struct reader *r, unsigned line,
                                                        const char *format, ...)
{
    va_list args;
    char text[1024];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->why = xasprintf("%s:%u: %s", r->path, line, text);
    return false;
}

/* A value may be a secret that stands in the wrong line. */
static bool wrong_value(struct reader *r, const struct line *line, bool is_secret, const char *why)
{
    char *shown = redact(line->value);
    bool has_comment = strstr(line->value, " #") != NULL;
    wrong(r, line->number, "%s '%s' %s%s", line->key, is_secret ? "…" : shown, why,
          has_comment ? "; a # comment has a line of its own" : "");
    free(shown);
    return false;
}

/* ---- lines ---- */

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]))
        text[--len] = '\0';
    return text;
}

static bool is_name(const char *text)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(text);
    return len > 0 && len <= NAME_LEN_MAX && strspn(text, known) == len;
}

static bool is_taken(const struct reader *r, enum command command, const char *name)
{
    for (size_t i = 0; i < r->file->count; i++) {
        const struct config *config = &r->file->sections[i].config;
        if (config->command == command && strcmp(config->instance, name) == 0)
            return true;
    }
    return false;
}

static bool wrong_section(struct reader *r, unsigned number, const char *text)
{
    char *shown = redact(text);
    wrong(r, number,
          "[%s] must be [serve NAME] or [proxy NAME], with a name of up to 32 letters, digits, "
          "'.', '_' and '-'",
          shown);
    free(shown);
    return false;
}

/* text: what stands between brackets. */
static bool begin_section(struct reader *r, unsigned number, char *text)
{
    char *name = text + strcspn(text, " \t");
    size_t kind_len = (size_t)(name - text);
    name = trim(name);
    bool is_serve = kind_len == 5 && strncmp(text, "serve", 5) == 0;
    bool is_proxy = kind_len == 5 && strncmp(text, "proxy", 5) == 0;
    enum command command = is_serve ? COMMAND_SERVE : COMMAND_PROXY;
    if ((!is_serve && !is_proxy) || !is_name(name))
        return wrong_section(r, number, text);
    if (is_taken(r, command, name))
        return wrong(r, number, "there is a section [%s] already", text);
    if (r->file->count == SECTIONS_MAX)
        return wrong(r, number, "is one section too many; 64 are the most");
    r->heads[r->file->count] = number;
    struct config_section *section = &r->file->sections[r->file->count++];
    config_init(&section->config, command);
    section->config.instance = xstrdup(name);
    return true;
}

static bool take_line(struct reader *r, unsigned number, char *text)
{
    text = trim(text);
    size_t len = strlen(text);
    if (len == 0 || text[0] == '#')
        return true;
    if (text[0] == '[') {
        if (text[len - 1] != ']')
            return wrong(r, number, "a section must end with ']'");
        text[len - 1] = '\0';
        return begin_section(r, number, trim(text + 1));
    }
    char *equals = strchr(text, '=');
    if (!equals)
        return wrong(r, number, "must be KEY = VALUE, a [section], or a # comment");
    if (r->line_count == LINES_MAX)
        return wrong(r, number, "is one line too many; 2048 are the most");
    *equals = '\0';
    r->lines[r->line_count++] =
        (struct line){number, r->file->count, xstrdup(trim(text)), xstrdup(trim(equals + 1))};
    return true;
}

static bool read_lines(struct reader *r, FILE *from)
{
    char text[LINE_LEN_MAX];
    bool is_good = true;
    for (unsigned number = 1; is_good && fgets(text, sizeof text, from); number++) {
        if (!strchr(text, '\n') && !feof(from))
            is_good = wrong(r, number, "is too long; 8190 bytes are the most");
        else
            is_good = take_line(r, number, number == 1 ? text_file_skip_mark(text) : text);
    }
    wipe(text, sizeof text);
    if (is_good && ferror(from))
        is_good = wrong(r, (unsigned)r->line_count + 1, "cannot be read: %s", strerror(errno));
    return is_good;
}

/* ---- keys ---- */

/* Of both commands; a link is an argument there. NULL for none. */
static const struct option *find_key(const char *key)
{
    char flag[64];
    snprintf(flag, sizeof flag, "%s%s", strcmp(key, "link") == 0 ? "" : "--", key);
    const struct option *o = strcmp(key, "link") == 0 ? option_find(ARGUMENT "LINK", 5)
                                                      : option_find(flag, strlen(flag));
    return o && o->commands & OPTION_BOTH ? o : NULL;
}

static bool wrong_key(struct reader *r, const struct line *line)
{
    struct nearest nearest;
    nearest_init(&nearest, span_from_string(line->key));
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->flag[0] == '-' && o->commands & OPTION_BOTH)
            nearest_try(&nearest, o->flag + 2);
    }
    char *why = nearest_explain(&nearest);
    wrong(r, line->number, "the key '%s' %s", line->key, why);
    free(why);
    return false;
}

static bool is_of_process(const struct option *o)
{
    return o->take == config_take_log_level || o->take == config_take_log_format;
}

/* The section whose lines each list of servers has; SIZE_MAX: none yet. */
struct lists {
    size_t stun, turn;
};

/* The first line of a section begins its list anew, in place of the default or
 * of what holds for all; others add. */
static void clear_list(struct config *config, const struct option *o, const struct line *line,
                       struct lists *lists)
{
    if (o->take == config_take_stun && lists->stun != line->section) {
        config_clear_stun(config);
        lists->stun = line->section;
    } else if (o->take == config_take_turn && lists->turn != line->section) {
        config_clear_turn(config);
        lists->turn = line->section;
    }
}

static bool take_switch(struct reader *r, struct config *config, const struct option *o,
                        const struct line *line)
{
    bool is_yes = strcmp(line->value, "yes") == 0;
    if (!is_yes && strcmp(line->value, "no") != 0)
        return wrong_value(r, line, false, "must be yes or no");
    const char *why = is_yes ? o->take(config, NULL) : NULL;
    return why ? wrong_value(r, line, false, why) : true;
}

static bool take_key(struct reader *r, struct config *config, const struct line *line,
                     struct lists *lists)
{
    const struct option *o = find_key(line->key);
    if (!o)
        return wrong_key(r, line);
    bool is_other = !(o->commands & (int)config->command);
    if (is_other && line->section > 0)
        return wrong(r, line->number, "the key '%s' belongs to a [%s NAME]", line->key,
                     o->commands & COMMAND_SERVE ? "serve" : "proxy");
    if (is_other)
        return true; /* it is for the others */
    if (is_of_process(o) && line->section > 0)
        return wrong(r, line->number, "the key '%s' holds for all: it stands above the sections",
                     line->key);
    clear_list(config, o, line, lists);
    if (!o->value && !(o->flag[0] == ARGUMENT[0]))
        return take_switch(r, config, o, line);
    char *why = option_value_take(o, config, line->value, &wording_of_file);
    bool is_good = !why || wrong_value(r, line, o->secrecy == SECRET, why);
    free(why);
    return is_good;
}

/* ---- sections ---- */

/* Each sealed serve has a folder of its own, since one serves from it. */
static void choose_state(struct config *config)
{
    if (config->state_folder || config->room || config->command != COMMAND_SERVE)
        return;
    char *folder = state_folder_path(NULL);
    if (folder)
        config->state_folder = xasprintf("%s/%s", folder, config->instance);
    config->has_default_state = true;
    free(folder);
}

static bool check_section(struct reader *r, struct config *config, unsigned head)
{
    const char *kind = config->command == COMMAND_SERVE ? "serve" : "proxy";
    const char *variable;
    const char *why;
    char whom[NAME_LEN_MAX + 16];
    snprintf(whom, sizeof whom, "[%s %s]", kind, config->instance);
    char *lacking = config_complete(config, whom, &wording_of_file);
    bool is_whole = !lacking || wrong(r, head, "%s", lacking);
    free(lacking);
    if (!is_whole)
        return false;
    if (config->room && config->link_count > 0)
        return wrong(r, head, "%s: a room is one way to meet, and a link another: choose one",
                     whom);
    if (egress_variables_read(getenv, &config->egress, &variable, &why) < 0)
        return wrong(r, head, "the variable %s %s", variable, why);
    choose_state(config);
    return true;
}

/* As text that is the same as long as the line says the same: what is in a file
 * that is read once, too. */
static char *format_line(const struct line *line)
{
    const struct option *o = find_key(line->key);
    bool is_read = o && (o->take == config_take_link_file || o->take == config_take_upstream_ca);
    struct stat st = {0};
    if (is_read)
        stat(line->value, &st);
    struct timespec changed = file_time_changed(&st);
    return xasprintf("%s=%s %lld.%09ld\n", line->key, line->value, (long long)changed.tv_sec,
                     (long)changed.tv_nsec);
}

static bool make_section(struct reader *r, size_t index)
{
    struct config_section *section = &r->file->sections[index];
    char *text = xstrdup("");
    struct lists lists = {SIZE_MAX, SIZE_MAX};
    bool is_good = true;
    for (size_t i = 0; i < r->line_count && is_good; i++) {
        const struct line *line = &r->lines[i];
        if (line->section != 0 && line->section != index + 1)
            continue;
        is_good = take_key(r, &section->config, line, &lists);
        char *added = format_line(line);
        char *more = xasprintf("%s%s", text, added);
        free_secret_string(added);
        free_secret_string(text);
        text = more;
    }
    section->text = text;
    return is_good && check_section(r, &section->config, r->heads[index]);
}

static bool make_sections(struct reader *r)
{
    if (r->file->count == 0)
        return wrong(r, 1, "there is no section; one begins with [serve NAME] or [proxy NAME]");
    for (size_t i = 0; i < r->file->count; i++) {
        if (!make_section(r, i))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

int config_file_read(const char *path, struct config_file *out, char **why)
{
    *out = (struct config_file){.sections = xcalloc(SECTIONS_MAX, sizeof *out->sections)};
    const char *wrong_with_it = NULL;
    FILE *from = text_file_open(path, &wrong_with_it);
    if (!from) {
        *why = xasprintf("--config '%s' %s", path, wrong_with_it);
        config_file_deinit(out);
        return -EINVAL;
    }
    struct reader *r = xcalloc(1, sizeof *r);
    r->path = path;
    r->file = out;
    bool is_good = read_lines(r, from) && make_sections(r);
    fclose(from);
    for (size_t i = 0; i < r->line_count; i++) {
        free(r->lines[i].key);
        free_secret_string(r->lines[i].value);
    }
    *why = r->why;
    free(r);
    if (!is_good)
        config_file_deinit(out);
    return is_good ? 0 : -EINVAL;
}

void config_file_deinit(struct config_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        config_deinit(&file->sections[i].config);
        free_secret_string(file->sections[i].text);
    }
    free(file->sections);
    *file = (struct config_file){0};
}
