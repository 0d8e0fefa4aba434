/*
 * Those that go are gone before others come: a port, or a state folder, may go
 * from the one to the other.
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
    struct instance *instance;
    enum command command;
    char *name;
    char *text; /* see struct config_section */
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

static void member_free(struct member *member)
{
    list_remove(&member->link);
    member->fleet->count--;
    if (member->instance) {
        instance_tell_end(member->instance);
        instance_free(member->instance);
    }
    free(member->name);
    free_secret_string(member->text);
    free(member);
}

/* Takes the section's config. False: said why not. */
static bool start(struct fleet *fleet, struct config_section *section)
{
    struct member *member = xcalloc(1, sizeof *member);
    member->fleet = fleet;
    member->command = section->config.command;
    member->name = xstrdup(section->config.instance);
    member->text = xstrdup(section->text);
    list_append(&fleet->members, &member->link);
    fleet->count++;
    member->instance = instance_new(fleet->loop, &section->config, on_status, member);
    if (member->instance) {
        instance_tell(member->instance);
        return true;
    }
    member_free(member);
    return false;
}

static bool is_of(const struct member *member, const struct config_section *section)
{
    return member->command == section->config.command &&
           strcmp(member->name, section->config.instance) == 0 &&
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

/* How many. */
static size_t end_others(struct fleet *fleet, const struct config_file *file)
{
    size_t count = 0;
    LIST_EACH(link, next, &fleet->members) {
        if (find_section(file, member_at(link))) {
            instance_reopen(member_at(link)->instance);
            continue;
        }
        member_free(member_at(link));
        count++;
    }
    return count;
}

static size_t start_new(struct fleet *fleet, struct config_file *file)
{
    size_t count = 0;
    for (size_t i = 0; i < file->count; i++) {
        struct config_section *section = &file->sections[i];
        if (has_member(fleet, section))
            continue;
        char *name = xstrdup(section->config.instance);
        if (start(fleet, section))
            count++;
        else
            log_error("config: '%s' does not run; SIGHUP tries again", name);
        free(name);
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
    size_t ended = end_others(fleet, &file);
    size_t started = start_new(fleet, &file);
    log_info("config: SIGHUP: read %s: %zu ended, %zu started, %zu go on", fleet->path, ended,
             started, before - ended);
    config_file_deinit(&file);
    tell_service(fleet);
}

/* ---- all ---- */

static bool start_all(struct fleet *fleet, struct config_file *file)
{
    log_configure(file->sections[0].config.log_level, file->sections[0].config.log_format);
    for (size_t i = 0; i < file->count; i++) {
        if (!start(fleet, &file->sections[i]))
            return false;
    }
    return true;
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
