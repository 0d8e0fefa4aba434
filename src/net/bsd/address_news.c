/*
 * A routing socket, route(4).
 */
#include "net/address_news.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/nonblock.h"
#include "net/bsd/route_message.h"

enum { MESSAGE_MAX = 8 << 10 }; /* the rest of a longer one is cut off */

int address_news_open(void)
{
    return nonblock_socket(PF_ROUTE, SOCK_RAW);
}

enum address_news address_news_read(int fd)
{
    char bytes[MESSAGE_MAX];
    enum address_news all = ADDRESS_NEWS_NONE;
    for (;;) {
        ssize_t len = recv(fd, bytes, sizeof bytes, 0);
        if (len < 0 && errno != ENOBUFS)
            return all;
        /* ENOBUFS: the socket's buffer was full, and some are lost. */
        enum address_news news =
            len < 0 ? ADDRESS_NEWS_ALL : route_message_judge(bytes, (size_t)len);
        if (news > all)
            all = news;
    }
}
