/*
 * By libproc, as ps(1) and lsof(8) do.
 */
#include "base/process.h"

#include <libproc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

uint64_t process_resident_bytes(void)
{
    struct proc_taskinfo info;
    int len = proc_pidinfo(getpid(), PROC_PIDTASKINFO, 0, &info, sizeof info);
    return len < (int)sizeof info ? 0 : info.pti_resident_size;
}

uint64_t process_open_descriptors(void)
{
    /* Without a list it says how much room is enough: more than there are. */
    int room = proc_pidinfo(getpid(), PROC_PIDLISTFDS, 0, NULL, 0);
    if (room <= 0)
        return 0;
    struct proc_fdinfo *list = xcalloc((size_t)room, 1);
    int len = proc_pidinfo(getpid(), PROC_PIDLISTFDS, 0, list, room);
    free(list);
    return len > 0 ? (uint64_t)len / sizeof *list : 0;
}
