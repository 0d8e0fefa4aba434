/*
 * What a process tells the one that started it, as sd_notify(3) describes: one
 * datagram of lines like READY=1 to a unix socket.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/* address: that of $NOTIFY_SOCKET, a path or "@" before an abstract name. It is
 * not waited for: 0, or -EINVAL for what is no such address, or what the system
 * says, -EAGAIN for a queue that is full. */
int notify_send(const char *address, const char *text);

#endif
