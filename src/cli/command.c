/*
 * One row a command.
 */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const struct command_row commands[] = {
    {"serve", COMMAND_SERVE, "serve UPSTREAM --signal URL [options]",
     "Serves an HTTP API to whoever has a link to it; with --room, to the `tunnel proxy` that "
     "joins "
     "the same room.",
     "example, beside Ollama:\n"
     "  tunnel serve 11434 --signal wss://signal.example.org"},
    {"proxy", COMMAND_PROXY, "proxy LINK... [options]",
     "Listens for HTTP on this machine and carries it to the `tunnel serve` of the link; with "
     "--room, to the one in the same room.",
     "example, with the link that the other side has printed:\n"
     "  tunnel proxy 'https://signal.example.org/#t1...'\n"
     "  curl http://127.0.0.1:8000/v1/models"},
    {"run", COMMAND_RUN, "run --config FILE",
     "Runs several tunnels in one process: those that have a section in the file. On SIGHUP it is "
     "read again, and those that are as before are left alone.",
     "example, of the file:\n"
     "  signal = wss://signal.example.org\n"
     "  [serve ollama]\n"
     "  upstream = 11434\n"
     "  [proxy home]\n"
     "  link-file = /etc/tunnel/home.link\n"
     "  listen = 8001"},
    {"invite", COMMAND_INVITE, "invite NAME [options]",
     "Prints a link for one more device, which `tunnel serve` on this machine lets in from now on; "
     "that of an invite which is there already once more. Devices that have an invite of their own "
     "are connected at the same time, and each can be revoked alone.",
     "example:\n  tunnel invite phone --expires 7d --allow 'GET /v1/*' --qr"},
    {"invites", COMMAND_INVITES, "invites [--json] [--state DIR]",
     "Lists the invites: when they were made, when they expire, when their device was last seen, "
     "from where, and what they allow.",
     "example:\n  tunnel invites"},
    {"revoke", COMMAND_REVOKE, "revoke NAME [--state DIR]",
     "Shuts a device out: its sessions end at once, and its link is good for nothing any more.",
     "example:\n  tunnel revoke phone"},
    {"status", COMMAND_STATUS, "status [options]",
     "Shows what the tunnels that run here do: with whom they are connected and how, what is under "
     "way, what there was, and the last errors.",
     "example:\n  tunnel status --watch"},
    {"requests", COMMAND_REQUESTS, "requests [options]",
     "Lists the last 1000 requests of the tunnel that runs here: how they ended, when the answer "
     "began and how large it was; of an LLM's answer how many tokens it had, and how many a "
     "second.",
     "example:\n  tunnel requests -f --path /v1/chat"},
    {"doctor", COMMAND_DOCTOR, "doctor [LINK] [options]",
     "Says whether a tunnel from here would connect, how, and what to do where it would not: looks "
     "at the signal server, the NAT, TURN, the router, the upstream, the state folder and the "
     "local network, for 3 s at most, or 8 s where the other side of the link is slow. Exit status "
     "0: all is well; 1: it is not, but there is a way; 2: there is none.",
     "example:\n  tunnel doctor --signal wss://signal.example.org --upstream 11434"},
    {"completion", COMMAND_COMPLETION, "completion SHELL",
     "Prints what makes a shell complete commands and options of tunnel. The package and `make "
     "install` bring it for all three.",
     "example:\n  source <(tunnel completion bash)"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

const struct command_row *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

const struct command_row *command_at(size_t at)
{
    return at < COMMAND_COUNT ? &commands[at] : NULL;
}

void command_suggest(struct nearest *nearest)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        nearest_try(nearest, commands[i].name);
}

char *command_names(void)
{
    char *names = xstrdup("");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *between = i == 0 ? "" : i + 1 < COMMAND_COUNT ? ", " : " or ";
        char *more = xasprintf("%s%s%s", names, between, commands[i].name);
        free(names);
        names = more;
    }
    return names;
}

const struct command_row *command_first(int set)
{
    const struct command_row *row = commands;
    while (!(set & (int)row->command))
        row++;
    return row;
}

const struct command_row *command_row(enum command command)
{
    return command_first((int)command);
}

void command_print_usage(FILE *to)
{
    fputs("usage: tunnel serve UPSTREAM --signal URL [options]\n"
          "       tunnel proxy LINK... [options]\n"
          "       tunnel run --config FILE\n"
          "       tunnel invite NAME [options]\n"
          "       tunnel invites\n"
          "       tunnel revoke NAME\n"
          "       tunnel status [--watch]\n"
          "       tunnel requests [-f]\n"
          "       tunnel doctor [LINK]\n"
          "       tunnel completion bash|zsh|fish\n"
          "       tunnel COMMAND --help\n"
          "       tunnel --version\n\n"
          "serve    carries what comes through the tunnel to an HTTP API; prints a link\n"
          "proxy    listens for HTTP on this machine and sends it through the tunnel\n"
          "run      does both, as often as a file says\n"
          "invite   makes a link for one more device\n"
          "invites  lists them\n"
          "revoke   shuts a device out\n"
          "status   shows what the tunnels that run here do\n"
          "requests lists what went through one\n"
          "doctor   says what keeps a tunnel from connecting\n\n"
          "example, on two machines:\n"
          "  tunnel serve 11434 --signal wss://signal.example.org\n"
          "  tunnel proxy 'https://signal.example.org/#t1...'\n",
          to);
}
