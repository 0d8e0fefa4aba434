/*
 * What --version prints.
 */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

/* The version of tunnel, and which library seals on this processor. */
void version_print(void);

#endif
