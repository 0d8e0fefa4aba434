/*
 * What --version prints.
 */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

/* The version of tunnel, which library seals on this processor, and those that
 * need not be there. */
void version_print(void);

#endif
