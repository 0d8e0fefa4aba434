#include "net/interface_rows.h"

#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/nonblock.h"

enum { ADDRESSES_MAX = 64 };

int interface_rows(struct interface_row *out, int max)
{
    struct ifreq list[ADDRESSES_MAX] = {0};
    struct ifconf all = {.ifc_len = sizeof list, .ifc_req = list};
    int count = 0;
    int fd = nonblock_socket(AF_INET, SOCK_DGRAM);
    if (fd < 0 || ioctl(fd, SIOCGIFCONF, &all) < 0)
        all.ifc_len = 0;
    for (size_t i = 0; i < (size_t)all.ifc_len / sizeof *list && count < max; i++) {
        struct ifreq flags = list[i];
        if (ioctl(fd, SIOCGIFFLAGS, &flags) < 0)
            continue;
        struct interface_row *row = &out[count++];
        *row = (struct interface_row){.flags = (unsigned short)flags.ifr_flags};
        memcpy(row->name, list[i].ifr_name, sizeof row->name);
        memcpy(&row->address, &list[i].ifr_addr, sizeof row->address);
    }
    if (fd >= 0)
        close(fd);
    return count;
}
