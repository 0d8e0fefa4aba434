/*
 * Two ends of a TCP connection as bare sockets: only there are resets.
 */
#ifndef TESTS_NET_TCP_PAIR_H
#define TESTS_NET_TCP_PAIR_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testing.h"

static inline void tcp_pair(int *ours, int *theirs)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(door, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(door, 1), 0);
    assert_int_equal(getsockname(door, (struct sockaddr *)&at, &len), 0);
    *theirs = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*theirs, (struct sockaddr *)&at, len), 0);
    *ours = accept(door, NULL, NULL);
    assert_true(*ours >= 0);
    close(door);
}

#endif
