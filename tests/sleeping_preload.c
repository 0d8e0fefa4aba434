/*
 * For LD_PRELOAD: at each SIGRTMIN, the machine has slept for a minute, as far
 * as this process can tell.
 */
#include <signal.h>
#include <stdlib.h>

#include "sleeping.h"

enum { SLEEP_S = 60 };

static void on_signal(int number)
{
    (void)number;
    machine_sleeps(SLEEP_S);
}

__attribute__((constructor)) static void begin(void)
{
    unsetenv("LD_PRELOAD");
    signal(SIGRTMIN, on_signal);
}
