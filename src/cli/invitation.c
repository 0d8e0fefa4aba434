/*
 * Each command changes the state under its lock and goes; a running serve sees
 * that by itself.
 */
#include "cli/invitation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/redact.h"
#include "cli/invite_view.h"
#include "cli/qr.h"
#include "signal/tracker_place.h"
#include "tunnel/link.h"
#include "tunnel/origin.h"

/* Why an edit is not made; positive, see state_edit(). */
enum outcome { DONE, EXISTS, EXPIRED, MISSING, TOO_MANY, NO_PLACE };

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

/* Where the folder is no good place, another one is. */
static void complain(const struct config *config, int error, const char *why)
{
    bool is_of_place = error == -EROFS || error == -EACCES || error == -ENOSPC ||
                       error == -ENOTDIR || error == -EPERM;
    char *other = wording_lacking(&config->wording, "--state");
    fprintf(stderr, "tunnel: %s%s%s%s\n", why, is_of_place ? "; " : "", is_of_place ? other : "",
            is_of_place ? " names another folder" : "");
    free(other);
}

/* Only who can go on without one makes a new one. */
static struct state *open_state(const struct config *config)
{
    bool is_invite = config->command == COMMAND_INVITE && config->signal_origin != SIGNAL_DEFAULT;
    bool makes = config->command == COMMAND_SERVE || is_invite;
    char why[STATE_WHY_MAX];
    struct state *state = NULL;
    int error = makes ? state_open(config->state_folder, &state, why)
                      : state_open_kept(config->state_folder, &state, why);
    if (error < 0)
        complain(config, error, why);
    return state;
}

/* False when something went wrong, which is said; the outcome else. */
static bool edit(const struct config *config, struct state *state,
                 int (*change)(struct invites *all, void *arg), void *arg, int *outcome)
{
    char why[STATE_WHY_MAX];
    *outcome = state_edit(state, change, arg, why);
    if (*outcome < 0)
        complain(config, *outcome, why);
    return *outcome >= 0;
}

static char *format_link(const char *signal, const struct state *state, const struct invite *invite)
{
    return link_format(signal, state_identity(state)->provider_id, invite->secret);
}

/* ---- of a serve ---- */

static bool claim(const struct config *config, struct state *state)
{
    char why[STATE_WHY_MAX];
    int error = state_claim(state, why);
    char *other = wording_lacking(&config->wording, "--state");
    if (error == -EAGAIN)
        fprintf(stderr, "tunnel: %s; stop it, or give this one a folder of its own: %s\n", why,
                other);
    else if (error < 0)
        complain(config, error, why);
    free(other);
    return error == 0;
}

/* Where nobody has served before there are no invites, or some that were made
 * for a place that is named now. */
static int begin_serving(struct invites *all, void *arg)
{
    const struct config *config = arg;
    bool is_first = !all->signal;
    bool is_same = !is_first && strcmp(all->signal, config->signal_text) == 0;
    if (is_first && !invites_find(all, INVITE_DEFAULT))
        invites_add(all, INVITE_DEFAULT, now_s());
    invites_set_signal(all, config->signal_text);
    return is_same ? EXISTS : DONE;
}

struct state *invitation_open(const struct config *config)
{
    struct state *state = open_state(config);
    int outcome;
    if (state && (!claim(config, state) ||
                  !edit(config, state, begin_serving, (void *)(uintptr_t)config, &outcome))) {
        state_close(state);
        state = NULL;
    }
    return state;
}

void invitation_print(const struct config *config, const struct state *state)
{
    char why[STATE_WHY_MAX];
    struct invites all;
    if (state_read(state, &all, why) < 0)
        return; /* the tunnel has said so */
    const struct invite *invite = invites_find(&all, INVITE_DEFAULT);
    bool is_private = config->log_format == LOG_TEXT && log_is_terminal();
    if (invite && is_private && !invite_has_expired(invite, now_s())) {
        char *link = format_link(config->signal_text, state, invite);
        bool is_here = origin_is_loopback(config->signal.host);
        char *line =
            xasprintf("  on %s:  tunnel proxy '%s'\n%s%s%s",
                      is_here ? "this machine" : "another machine", link, is_here ? "  (" : "",
                      is_here ? wording_given(&config->wording, "--signal") : "",
                      is_here ? " with an address of this machine makes a link for "
                                "others)\n"
                              : "");
        log_put(line);
        free_secret_string(line);
        free_secret_string(link);
    } else {
        /* A service's manager names a folder that a shell knows nothing of. */
        bool is_usual = !config->state_folder && !getenv("STATE_DIRECTORY");
        log_info("tunnel: `tunnel invite NAME%s%s` prints a link for another machine",
                 is_usual ? "" : " --state ", is_usual ? "" : state_folder_of(state));
    }
    invites_deinit(&all);
}

/* ---- invite ---- */

struct invitation {
    const struct config *config;
    const struct state *state;
    char *link;   /* that was made */
    char *served; /* the same, where serve last ran; NULL where that is not known */
};

static bool has_wishes(const struct config *config)
{
    return config->lifetime_s > 0 || config->rule_count > 0;
}

static void make_links(struct invitation *new, const struct invites *all,
                       const struct invite *invite)
{
    bool has_place = new->config->signal_origin != SIGNAL_DEFAULT;
    const char *signal = has_place ? new->config->signal_text : all->signal;
    new->link = format_link(signal, new->state, invite);
    new->served = all->signal ? format_link(all->signal, new->state, invite) : NULL;
}

static int add_invite(struct invites *all, void *arg)
{
    struct invitation *new = arg;
    const struct config *config = new->config;
    bool has_place = config->signal_origin != SIGNAL_DEFAULT || all->signal;
    struct invite *invite = invites_find(all, config->name);
    if (invite && invite_has_expired(invite, now_s()))
        return EXPIRED;
    if (!has_place)
        return NO_PLACE;
    if (invite) {
        if (!has_wishes(config))
            make_links(new, all, invite);
        return EXISTS;
    }
    invite = invites_add(all, config->name, now_s());
    if (!invite)
        return TOO_MANY;
    if (config->lifetime_s > 0)
        invite->expires_s = invite->made_s + config->lifetime_s;
    for (size_t i = 0; i < config->rule_count; i++)
        invite_add_rule(invite, config->rules[i]);
    make_links(new, all, invite);
    return DONE;
}

static int print_refusal(const struct config *config, int outcome)
{
    static const char *const texts[] = {
        [EXISTS] = "is there already, and keeps its rules: `tunnel revoke` it, or take another",
        [EXPIRED] = "has expired; `tunnel revoke` it first, or choose another name",
        [MISSING] = "is not there; `tunnel invites` lists those that are",
        [TOO_MANY] = "is one invite too many; 256 are the most",
        [NO_PLACE] = "needs a place to meet: give --signal URL, or start `tunnel serve` once",
    };
    char *shown = redact(config->name);
    fprintf(stderr, "tunnel: invite '%s' %s\n", shown, texts[outcome]);
    free(shown);
    return EXIT_FAILURE;
}

/* Who follows it is to meet somebody. */
static void warn_of_another_place(const struct invitation *new)
{
    if (!new->served || strcmp(new->served, new->link) == 0)
        return;
    int place_len = (int)strcspn(new->served, "#");
    fprintf(stderr,
            "tunnel: this link leads to %s, but `tunnel serve` ran last at %.*s: who "
            "follows it meets nobody until it runs there\n",
            new->config->signal_text, place_len, new->served);
}

/* A link may be good for less than what it is made for. */
static void warn_of_reach(const struct invitation *new)
{
    struct link link;
    const char *why;
    if (link_parse(new->link, &link, &why) < 0)
        return;
    bool is_here = origin_is_loopback(link.signal.host);
    bool is_plain = !link.signal.is_tls && !tracker_place_is(&link.signal);
    if (is_here && isatty(STDERR_FILENO))
        fputs("tunnel: this link is good on this machine alone; --signal with an address of this "
              "machine makes one for others\n",
              stderr);
    else if (!is_here && is_plain && new->config->wants_qr)
        fputs("tunnel: browsers open links of https alone; this one is for `tunnel proxy`, until "
              "the signal server has a certificate (--tls-cert)\n",
              stderr);
    link_deinit(&link);
}

static int run_invite(const struct config *config, struct state *state)
{
    struct invitation new = {.config = config, .state = state};
    int outcome;
    if (!edit(config, state, add_invite, &new, &outcome))
        return EXIT_FAILURE;
    if (!new.link)
        return print_refusal(config, outcome);
    bool has_qr = config->wants_qr && qr_print(new.link);
    puts(new.link);
    warn_of_another_place(&new);
    warn_of_reach(&new);
    free_secret_string(new.link);
    free_secret_string(new.served);
    if (!config->wants_qr || has_qr)
        return EXIT_SUCCESS;
    fputs("tunnel: --qr cannot be: this tunnel was built without libqrencode; the link is the same "
          "without it\n",
          stderr);
    return EXIT_FAILURE;
}

/* ---- invites, revoke ---- */

static int run_invites(const struct config *config, struct state *state)
{
    char why[STATE_WHY_MAX];
    struct invites all;
    if (state_read(state, &all, why) < 0) {
        fprintf(stderr, "tunnel: %s\n", why);
        return EXIT_FAILURE;
    }
    if (config->wants_json)
        invite_view_print_json(&all, now_s());
    else
        invite_view_print(&all, now_s());
    invites_deinit(&all);
    return EXIT_SUCCESS;
}

static int remove_invite(struct invites *all, void *name)
{
    return invites_remove(all, name) ? DONE : MISSING;
}

static int run_revoke(const struct config *config, struct state *state)
{
    int outcome;
    if (!edit(config, state, remove_invite, config->name, &outcome))
        return EXIT_FAILURE;
    return outcome == DONE ? EXIT_SUCCESS : print_refusal(config, outcome);
}

int invitation_run(const struct config *config)
{
    struct state *state = open_state(config);
    int status = EXIT_FAILURE;
    if (state && config->command == COMMAND_INVITE)
        status = run_invite(config, state);
    else if (state && config->command == COMMAND_INVITES)
        status = run_invites(config, state);
    else if (state)
        status = run_revoke(config, state);
    state_close(state);
    return status;
}
