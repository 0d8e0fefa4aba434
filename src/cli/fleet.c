/*
 * Those that go are gone before others come: a port, or a state folder, may go
 * from the one to the other. One that is to be another, and cannot be, is
 * started again as it was.
 */
#include "cli/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "cli/config_file.h"
#include "cli/instance.h"

struct member {
    struct list link;
    struct fleet *fleet;
    struct instance *instance; /* NULL while it is seen whether another one can be */
    struct config config;
    char *text;     /* see struct config_section */
    bool goes_back; /* another one could not be */
    bool is_ready;
    bool is_up;
};

struct fleet {
    struct loop *loop;
    const char *path;
    struct service *service;
    struct list members;
    size_t count;
};

static struct member *member_at(struct list *link)
{
    return LIST_ENTRY(link, struct member, link);
}

/* ---- what they tell ---- */

/* Whoever started us waits for all of them. */
static void tell_service(struct fleet *fleet)
{
    size_t ready = 0, up = 0;
    char text[64];
    LIST_EACH(link, next, &fleet->members) {
        ready += member_at(link)->is_ready;
        up += member_at(link)->is_up;
    }
    if (ready == fleet->count)
        service_ready(fleet->service);
    snprintf(text, sizeof text, "%zu of %zu connected", up, fleet->count);
    service_tell(fleet->service, text);
}

static void on_status(struct instance *instance, const struct keeper_status *keeper, void *arg)
{
    struct member *member = arg;
    (void)instance;
    member->is_up = keeper->state == KEEPER_UP;
    member->is_ready |= keeper->state != KEEPER_CONNECTING && keeper->state != KEEPER_RETRYING;
    tell_service(member->fleet);
}

/* ---- one ---- */

/* False: said why not. */
static bool run(struct member *member)
{
    member->instance = instance_new(member->fleet->loop, &member->config, on_status, member);
    if (member->instance)
        instance_tell(member->instance);
    return member->instance != NULL;
}

static void halt(struct member *member)
{
    if (member->instance) {
        instance_tell_end(member->instance);
        instance_free(member->instance);
    }
    member->instance = NULL;
    member->is_ready = member->is_up = false;
}

static void free_later(void *arg)
{
    struct member *member = arg;
    config_deinit(&member->config);
    free_secret_string(member->text);
    free(member);
}

static void member_free(struct member *member)
{
    list_remove(&member->link);
    member->fleet->count--;
    halt(member);
    loop_defer(member->fleet->loop, free_later, member);
}

/* Takes the section's config. False: said why not. */
static bool start(struct fleet *fleet, struct config_section *section)
{
    struct member *member = xcalloc(1, sizeof *member);
    member->fleet = fleet;
    member->config = section->config;
    section->config = (struct config){0};
    member->text = xstrdup(section->text);
    list_append(&fleet->members, &member->link);
    fleet->count++;
    bool is_good = run(member);
    if (!is_good)
        member_free(member);
    return is_good;
}

static bool is_named(const struct member *member, enum command command, const char *name)
{
    return member->config.command == command && strcmp(member->config.instance, name) == 0;
}

static bool is_of(const struct member *member, const struct config_section *section)
{
    return is_named(member, section->config.command, section->config.instance) &&
           strcmp(member->text, section->text) == 0;
}

/* ---- reading again ---- */

static const struct config_section *find_section(const struct config_file *file,
                                                 const struct member *member)
{
    for (size_t i = 0; i < file->count; i++) {
        if (is_of(member, &file->sections[i]))
            return &file->sections[i];
    }
    return NULL;
}

static bool has_member(const struct fleet *fleet, const struct config_section *section)
{
    LIST_EACH(link, next, &fleet->members) {
        if (is_of(member_at(link), section))
            return true;
    }
    return false;
}

/* What the file does not say any more is halted. */
static void halt_others(struct fleet *fleet, const struct config_file *file)
{
    LIST_EACH(link, next, &fleet->members) {
        if (find_section(file, member_at(link)))
            instance_reopen(member_at(link)->instance);
        else
            halt(member_at(link));
    }
}

static struct member *find_halted(const struct fleet *fleet, const struct config *config)
{
    LIST_EACH(link, next, &fleet->members) {
        struct member *member = member_at(link);
        if (!member->instance && is_named(member, config->command, config->instance))
            return member;
    }
    return NULL;
}

/* How many. */
static size_t start_new(struct fleet *fleet, struct config_file *file)
{
    size_t count = 0;
    for (size_t i = 0; i < file->count; i++) {
        struct config_section *section = &file->sections[i];
        if (has_member(fleet, section))
            continue;
        struct member *before = find_halted(fleet, &section->config);
        char *name = xstrdup(section->config.instance);
        bool is_good = start(fleet, section);
        count += is_good;
        if (before)
            before->goes_back = !is_good;
        else if (!is_good)
            log_error("config: '%s' does not run; SIGHUP tries again", name);
        free(name);
    }
    return count;
}

static bool go_back(struct member *member)
{
    member->goes_back = false;
    if (!run(member))
        return false;
    log_error("config: '%s' runs as before; SIGHUP tries again", member->config.instance);
    return true;
}

/* How many. */
static size_t end_halted(struct fleet *fleet)
{
    size_t count = 0;
    LIST_EACH(link, next, &fleet->members) {
        struct member *member = member_at(link);
        if (member->instance || (member->goes_back && go_back(member)))
            continue;
        member_free(member);
        count++;
    }
    return count;
}

void fleet_reload(void *arg)
{
    struct fleet *fleet = arg;
    struct config_file file;
    char *why;
    if (config_file_read(fleet->path, &file, &why) < 0) {
        log_error("config: SIGHUP: %s; all goes on as before", why);
        free(why);
        return;
    }
    size_t before = fleet->count;
    halt_others(fleet, &file);
    size_t started = start_new(fleet, &file);
    size_t ended = end_halted(fleet);
    log_info("config: SIGHUP: read %s: %zu ended, %zu started, %zu go on", fleet->path, ended,
             started, before - ended);
    config_file_deinit(&file);
    tell_service(fleet);
}

/* ---- all ---- */

static bool start_all(struct fleet *fleet, struct config_file *file)
{
    log_configure(file->sections[0].config.log_level, file->sections[0].config.log_format);
    bool is_good = true;
    for (size_t i = 0; i < file->count && is_good; i++) {
        char *name = xstrdup(file->sections[i].config.instance);
        is_good = start(fleet, &file->sections[i]);
        if (!is_good)
            log_error("config: '%s' does not run, so nothing does", name);
        free(name);
    }
    return is_good;
}

struct fleet *fleet_new(struct loop *loop, const char *path, struct service *service)
{
    struct config_file file;
    char *why;
    if (config_file_read(path, &file, &why) < 0) {
        fprintf(stderr, "tunnel: %s\n", why);
        free(why);
        return NULL;
    }
    struct fleet *fleet = xcalloc(1, sizeof *fleet);
    fleet->loop = loop;
    fleet->path = path;
    fleet->service = service;
    list_init(&fleet->members);
    bool is_good = start_all(fleet, &file);
    config_file_deinit(&file);
    if (is_good)
        return fleet;
    fleet_free(fleet);
    return NULL;
}

void fleet_free(struct fleet *fleet)
{
    if (!fleet)
        return;
    LIST_EACH(link, next, &fleet->members)
        member_free(member_at(link));
    free(fleet);
}
