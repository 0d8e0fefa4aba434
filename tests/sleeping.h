/*
 * A machine that sleeps: CLOCK_BOOTTIME goes on, CLOCK_MONOTONIC does not. No
 * test can put its machine to sleep, so sleeping.c defines the calls by which
 * clock and loop ask the kernel, and adds the sleep to them. For a program with
 * one loop at a time.
 */
#ifndef TESTS_SLEEPING_H
#define TESTS_SLEEPING_H

/* From now on, the clock says that so much time has passed; what was due
 * meanwhile is so in the loop's next turn. */
void machine_sleeps(unsigned seconds);

/* As if it had never slept; while there is no loop. */
void machine_forgets_sleep(void);

#endif
