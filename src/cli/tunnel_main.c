/*
 * tunnel: options, then one of the subcommands.
 */
#include <malloc.h>
#include <signal.h>

#include "base/descriptors.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "tunnel/mux.h"

enum {
    EXIT_MISUSE = 2,
    /* Free memory at the heap's end that stays ours. The queues of one session
     * come and go by the megabyte; given back to the kernel each time, they
     * cost a page fault every 4 KiB, a tenth of the CPU of the end that
     * queues. */
    HEAP_KEPT = 8 << 20,
    /* For the same reason none of them is mapped by itself, which would be
     * unmapped as soon as it is free. */
    MAPPED_FROM = 32 << 20,
    /* A client's connection, or one to the upstream, for each stream; those
     * that are idle or being closed, and our own. */
    DESCRIPTORS = MUX_STREAMS_MAX + 512
};

int main(int argc, char **argv)
{
    descriptors_open_standard();
    log_open();
    struct config config;
    switch (options_parse(argc, argv, &config)) {
    case OPTIONS_DONE:
        return 0;
    case OPTIONS_WRONG:
        return EXIT_MISUSE;
    case OPTIONS_RUN:
        break;
    }
    log_configure(config.log_level, config.log_format);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
    descriptors_allow(DESCRIPTORS);
    signal(SIGPIPE, SIG_IGN); /* a client that went away is an error at write(2) */
    int status = config.command == COMMAND_SERVE ? serve_command(&config) : proxy_command(&config);
    config_deinit(&config);
    log_close();
    return status;
}
