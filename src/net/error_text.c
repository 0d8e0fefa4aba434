#include "net/error_text.h"

#include <errno.h>
#include <string.h>

int net_error(int number)
{
    return number == EPIPE ? -ECONNRESET : -number;
}

const char *net_error_text(int error)
{
    switch (-error) {
    case ECONNREFUSED:
        return "connection refused";
    case ECONNRESET:
        return "connection reset by the other side";
    case ETIMEDOUT:
        return "timed out";
    case ENOENT:
        return "no such host";
    case ENXIO:
        return "no such socket";
    case EAGAIN:
        return "the name server did not answer";
    case EHOSTUNREACH:
        return "no route to the host";
    case ENETUNREACH:
        return "the network is unreachable";
    case EPROTO:
        return "TLS failed";
    case EMFILE:
    case ENFILE:
        return "too many open files";
    case ENOBUFS:
        return "the other side takes the data too slowly";
    default:
        return strerror(-error);
    }
}
