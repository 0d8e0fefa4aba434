/*
 * Whether the other end of a TCP connection on this machine still belongs to
 * somebody. A FIN says "I send no more"; it comes the same from a program
 * that half-closed and reads on, and from one that closed its socket or is
 * gone. Only the kernel knows which, and tells only about its own sockets.
 */
#ifndef NET_PEER_OWNER_H
#define NET_PEER_OWNER_H

enum peer_owner {
    PEER_OWNED,    /* a process holds the socket */
    PEER_ORPHANED, /* it is closed, and lives on in the kernel only */
    PEER_MISSING,  /* on this machine, but no such socket (or one behind NAT) */
    PEER_REMOTE    /* elsewhere, no TCP, or the kernel does not answer */
};

/* What the kernel is asked by: a descriptor, to be kept, since it is when there
 * are no more of them that who is gone must be found. -1 where none is needed,
 * or none is left. */
int peer_owner_open(void);

/* fd: our end, connected. Takes one question to the kernel, some 5 us. */
enum peer_owner peer_owner_ask(int inquiry, int fd);

#endif
