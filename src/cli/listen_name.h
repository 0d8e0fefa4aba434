/*
 * The name of an address to listen at, which is looked up while all else waits.
 */
#ifndef CLI_LISTEN_NAME_H
#define CLI_LISTEN_NAME_H

/* Says so, where host is neither an address nor one that needs no name server,
 * such as localhost; flag is where it stands. */
void listen_name_tell(const char *flag, const char *host);

#endif
