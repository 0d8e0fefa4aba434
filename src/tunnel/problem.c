/*
 * One row a kind. The words are what a person sees in the log and, of a
 * consumer, in the 503 that a client gets.
 */
#include "tunnel/problem.h"

#include <stdio.h>

#include "base/log.h"
#include "tunnel/negotiation.h"

static void format_same_job(enum mux_role role, char out[PROBLEM_MAX])
{
    static const char *const commands[] = {
        [MUX_CONSUMER] = "tunnel proxy",
        [MUX_PROVIDER] = "tunnel serve",
    };
    const char *ours = commands[role];
    const char *theirs = commands[role == MUX_CONSUMER ? MUX_PROVIDER : MUX_CONSUMER];
    snprintf(out, PROBLEM_MAX,
             "the other side of this room runs `%s`, too: one side must run `%s`, the other "
             "`%s`; stop one of them or choose another room",
             ours, ours, theirs);
}

static void format_refusal(const struct problem *p, const char *advice, char out[PROBLEM_MAX])
{
    char room[LOG_REDACTED_LEN];
    snprintf(out, PROBLEM_MAX, "the signal server does not let us into room %s: %s%s",
             log_redact(p->room, room), p->text, advice);
}

/* With a link it is not a person's choice where to meet. */
static void format_full_room(const struct problem *p, char out[PROBLEM_MAX])
{
    static const char *const why[] = {
        [MUX_CONSUMER] = "stop `tunnel proxy` on another device that has a link of this provider",
        [MUX_PROVIDER] = "stop `tunnel proxy` on a device that has a link of this provider; one "
                         "that has crashed makes room after a while",
    };
    if (p->is_sealed)
        snprintf(out, PROBLEM_MAX, "the signal server does not let us in: %s; %s", p->text,
                 why[p->role]);
    else
        format_refusal(p, "; stop one that is in it or choose another room", out);
}

void problem_format(const struct problem *p, char out[PROBLEM_MAX])
{
    const char *open = *p->tried ? " (" : "";
    const char *close = *p->tried ? ")" : "";
    switch (p->kind) {
    case PROBLEM_SIGNAL_SLOW:
    case PROBLEM_SIGNAL_LOST:
        snprintf(out, PROBLEM_MAX, "%s", p->text);
        break;
    case PROBLEM_SIGNAL_REFUSES:
        format_refusal(p, "", out);
        break;
    case PROBLEM_ROOM_FULL:
        format_full_room(p, out);
        break;
    case PROBLEM_SAME_JOB:
        format_same_job(p->role, out);
        break;
    case PROBLEM_NO_OFFER:
        snprintf(out, PROBLEM_MAX, "the other side is in the room but sent no offer");
        break;
    case PROBLEM_BAD_OFFER:
        snprintf(out, PROBLEM_MAX, "the other side's offer cannot be used: %s", p->text);
        break;
    case PROBLEM_BAD_ANSWER:
        snprintf(out, PROBLEM_MAX, "the other side's answer cannot be used: %s", p->text);
        break;
    case PROBLEM_NO_PATH_IN_TIME:
        snprintf(out, PROBLEM_MAX, "no connection to the other side within %u s%s%s%s%s%s",
                 (unsigned)(NEGOTIATION_PATIENCE_US / US_PER_S),
                 p->is_sealed && p->role == MUX_CONSUMER
                     ? "; perhaps this link was revoked, or has expired"
                     : "",
                 p->has_turn ? "" : ", and there is no TURN server", open, p->tried, close);
        break;
    case PROBLEM_LEFT:
        snprintf(out, PROBLEM_MAX, "the other side left before there was a connection%s%s%s", open,
                 p->tried, close);
        break;
    case PROBLEM_EXPIRED:
        snprintf(out, PROBLEM_MAX, "this link has expired; `tunnel invite` there makes another");
        break;
    case PROBLEM_NO_SESSION:
        snprintf(out, PROBLEM_MAX, "no connection to the other side: %s", p->text);
        break;
    case PROBLEM_ENDED:
    case PROBLEM_GOODBYE:
        snprintf(out, PROBLEM_MAX, "the connection to the other side ended: %s%s%s%s", p->text,
                 open, p->tried, close);
        break;
    }
}
