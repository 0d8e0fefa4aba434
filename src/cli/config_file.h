/*
 * Several tunnels in one file of `tunnel run`:
 *
 *   # what stands above the first section holds for all of them
 *   signal = wss://signal.example.org
 *
 *   [serve ollama]
 *   upstream = 11434
 *
 *   [proxy home]
 *   link-file = /etc/tunnel/home.link
 *   forwarded = yes
 *
 * Keys are the flags of that command without their dashes; one that is
 * repeatable is repeated, and a switch is yes or no. Variables are not looked
 * at.
 */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "cli/config.h"

struct config_section {
    struct config config; /* complete; may be taken out */
    char *text;           /* all that holds for it: what is the same has not changed */
};

struct config_file {
    struct config_section *sections;
    size_t count;
};

/* 0, or -EINVAL and *why, to be freed, names the file, the line, and what would
 * be right. */
int config_file_read(const char *path, struct config_file *out, char **why);
void config_file_deinit(struct config_file *file);

#endif
