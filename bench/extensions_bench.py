"""What two of the extensions bring, with and without each, in one run.

`fields`: requests a second of requests and responses with twelve fields, over
the loopback. `channels`: the latency of small requests beside a download that
fills the link, over a link of 100 Mbit/s and 20 ms round trip that loses 1 %
of what the provider sends (as root). The last line holds the figures as
key=value.
"""

import argparse
import os
import statistics
import sys

from rig import Rig, enter, free_port
from tunnel_bench import wait_for_port, wrk

FIELDS = 12
RATE_MBIT, DELAY_MS, LOSS_PER_MILLE = 100, 10, 10
PROVIDER = "10.9.0.1"
PORT = 8080  # of everything that is in a namespace of its own
ROUNDS = 3


def requests_per_second(build, seconds):
    """`fields` or not -> requests a second, the median of some rounds."""
    rig = Rig(build)
    try:
        upstream, signal = free_port(), free_port()
        rig.start_nginx(None, f"127.0.0.1:{upstream}", FIELDS - 4)
        rig.start(None, f"{build}/signal-server", "--listen", f"127.0.0.1:{signal}")
        wait_for_port(upstream)
        wait_for_port(signal)
        headers = [f"X-Field-{i}: value-of-field-{i}" for i in range(FIELDS - 2)]
        rates = {"": [], "fields": []}
        for _ in range(ROUNDS):
            for without, rate in rates.items():
                port = free_port()
                rig.start_tunnel((None, None), f"127.0.0.1:{signal}", f"127.0.0.1:{upstream}",
                                 f"127.0.0.1:{port}", without=without)
                rate.append(wrk(port, 32, seconds, headers)[0])
                rig.stop(2)
        return {without: statistics.median(rate) for without, rate in rates.items()}
    finally:
        rig.close()


def latencies(build, seconds):
    """`channels` or not -> p50 and p99 in ms, the medians of some rounds."""
    rig = Rig(build)
    try:
        far, near = rig.start_link(RATE_MBIT, DELAY_MS, LOSS_PER_MILLE)
        rig.start_nginx(far, f"127.0.0.1:{PORT}", FIELDS - 4)
        signal = f"{PROVIDER}:{PORT + 1}"
        rig.start(far, f"{build}/signal-server", "--listen", signal)
        figures = {"": [], "channels": []}
        for _ in range(ROUNDS):
            for without, rows in figures.items():
                rig.start_tunnel((near, far), signal, f"127.0.0.1:{PORT}", f"127.0.0.1:{PORT}",
                                 without)
                rig.start(near, "curl", "-sf", "-o", "/dev/null", f"http://127.0.0.1:{PORT}/big")
                rows.append(wrk(PORT, 4, seconds, (), enter(near))[1:])
                rig.stop(3)
        return {without: [statistics.median(column) for column in zip(*rows)]
                for without, rows in figures.items()}
    finally:
        rig.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--seconds", type=int, default=5, help="of each load of requests")
    args = parser.parse_args()
    rates = requests_per_second(args.build, args.seconds)
    print(f"{FIELDS} fields each way, requests a second on 32 connections:")
    print(f"  with `fields` {rates['']:10.0f}    without {rates['fields']:10.0f}\n")
    line = f"fields_rps={rates[''] / rates['fields']:.2f}"
    if os.geteuid() == 0 and os.path.exists("/dev/net/tun"):
        figures = latencies(args.build, args.seconds)
        print(f"small requests beside a download, {RATE_MBIT} Mbit/s, {2 * DELAY_MS} ms, "
              f"{LOSS_PER_MILLE / 10} % loss, p50 and p99 in ms:")
        print("  with `channels` {:8.1f}{:8.1f}    without {:8.1f}{:8.1f}\n".format(
            *figures[""], *figures["channels"]))
        line += f" channels_p99={figures[''][1] / figures['channels'][1]:.2f}"
    else:
        print("skipped: `channels` needs root and /dev/net/tun", file=sys.stderr)
    print(line)


if __name__ == "__main__":
    main()
