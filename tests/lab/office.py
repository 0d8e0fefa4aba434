"""An office: a home whose router lets nothing out but what goes through its
proxy, which is a real one.
"""

import os
import shutil
import subprocess

from lab import TURN_NAME, USER
from network import SIGNAL_IP, TURN_IP

SIGNAL_NAME = "signal.lab"
PROXY_PASSWORD = "p@ss"
NOTHING = ("drop",)


def start_squid(rig, home):
    """HTTP CONNECT, for who has a user and a password. Its URL."""
    conf, passwords, hosts = (rig.file(name) for name in ("squid.conf", "squid.users", "hosts"))
    hashed = subprocess.run(["openssl", "passwd", "-apr1", PROXY_PASSWORD], check=True, text=True,
                            capture_output=True).stdout  # fmt: skip
    log = rig.file("squid.log")
    write(passwords, f"{USER}:{hashed}")
    write(hosts, f"{SIGNAL_IP} {SIGNAL_NAME}\n{TURN_IP} {TURN_NAME}\n")
    write(conf, f"""
        http_port {home.subnet}.1:3128
        auth_param basic program /usr/lib/squid/basic_ncsa_auth {passwords}
        acl ports port 443 3478
        acl connect method CONNECT
        acl known proxy_auth REQUIRED
        http_access allow connect ports known
        http_access deny all
        hosts_file {hosts}
        cache deny all
        pid_filename none
        cache_log {log}
        access_log none
        pinger_enable off
        shutdown_lifetime 0 seconds
    """)
    # It becomes the user `proxy`.
    os.chmod(rig.folder, 0o755)
    write(log, "")
    shutil.chown(log, "proxy")
    squid = rig.run("squid", ["squid", "-N", "-d", "1", "-f", conf], is_product=False,
                    space=home.space)  # fmt: skip
    squid.wait_for(r"Accepting HTTP Socket connections")
    return f"http://{USER}:{PROXY_PASSWORD.replace('@', '%40')}@{home.subnet}.1:3128"


def start_dante(rig, home):
    """SOCKS 5, for everybody. Its URL."""
    conf = rig.file("dante.conf")
    write(conf, f"""
        logoutput: stdout
        internal: {home.subnet}.1 port = 1080
        external: wan
        user.privileged: root
        user.unprivileged: nobody
        clientmethod: none
        socksmethod: none
        client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
        socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 command: connect }}
    """)
    dante = rig.run("dante", ["danted", "-f", conf, "-p", rig.file("dante.pid")],
                    is_product=False, space=home.space)  # fmt: skip
    dante.wait_for(r"running")
    return f"socks5h://{home.subnet}.1:1080"


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
