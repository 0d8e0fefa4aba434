/*
 * An open file of our own, where a descriptor is shared with others: its flags
 * can be set then without being set for them.
 */
#ifndef BASE_REOPEN_H
#define BASE_REOPEN_H

/* For writing that never waits, of a terminal or a pipe. A descriptor; -1 where
 * that cannot be had, as of another user's pipe. */
int reopen_for_writing(int fd);

#endif
