"""A share of a core for some processes, by a control group: so that they are what a
benchmark measures, however many cores there are."""

import os

PERIOD_US = 10_000
ROOT = "/sys/fs/cgroup"
SHARES_MAX, WEIGHT_MAX = 262144, 10000  # what it may have, it has at once


class Group:
    """Of cgroup v1's or v2's controller `cpu`. OSError where there is none to be had."""

    def __init__(self, name, percent=None):
        is_v1 = os.path.isdir(f"{ROOT}/cpu")
        self.path = f"{ROOT}/{'cpu/' if is_v1 else ''}tunnel-bench-{os.getpid()}-{name}"
        if not is_v1:
            write(f"{ROOT}/cgroup.subtree_control", "+cpu")
        os.mkdir(self.path)
        quota_us = int(percent * PERIOD_US / 100) if percent else None
        try:
            if is_v1:
                write(f"{self.path}/cpu.shares", SHARES_MAX)
                write(f"{self.path}/cpu.cfs_period_us", PERIOD_US)
                write(f"{self.path}/cpu.cfs_quota_us", quota_us or -1)
            else:
                write(f"{self.path}/cpu.weight", WEIGHT_MAX)
                write(f"{self.path}/cpu.max", f"{quota_us or 'max'} {PERIOD_US}")
        except OSError:
            self.close()
            raise

    def take(self, pid):
        write(f"{self.path}/cgroup.procs", pid)

    def close(self):
        """Its processes must have ended."""
        os.rmdir(self.path)


def write(path, value):
    with open(path, "w") as file:
        file.write(str(value))


def can_be_had():
    try:
        Group("probe", 50).close()
        return True
    except OSError:
        return False
