/*
 * By sysctl(3): the process's row of the kernel's table.
 */
#include "base/process.h"

#include <sys/sysctl.h>
#include <sys/types.h>
#include <sys/user.h>
#include <unistd.h>

uint64_t process_resident_bytes(void)
{
    struct kinfo_proc row;
    size_t len = sizeof row;
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, getpid()};
    if (sysctl(name, sizeof name / sizeof *name, &row, &len, NULL, 0) < 0 || len < sizeof row)
        return 0;
    return (uint64_t)row.ki_rssize * (uint64_t)getpagesize();
}

uint64_t process_open_descriptors(void)
{
    int count = 0;
    size_t len = sizeof count;
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_NFDS, 0};
    if (sysctl(name, sizeof name / sizeof *name, &count, &len, NULL, 0) < 0 || count < 0)
        return 0;
    return (uint64_t)count;
}
