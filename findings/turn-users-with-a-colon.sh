#!/bin/sh
# node-datachannel 0.33.4 (libdatachannel), @roamhq/wrtc 0.10.0 (libwebrtc), werift 0.25.2 (npm),
# aiortc 1.16.0 (PyPI), pion/webrtc 4.2.26 (Go), coturn 4.6.1 (Debian 12)
#
# Whether a stack takes the user of a TURN server as it is given. One that a service hands out
# for an hour is "EXPIRY:NAME", by draft-uberti-behave-turn-rest and coturn's
# --use-auth-secret. node-datachannel's W3C interface joins username and credential, as they
# are, to one text "turn:USERNAME:CREDENTIAL@HOST", which libdatachannel takes apart at the
# first colon and decodes as a URL: so it asks for the user "EXPIRY", and with another password
# where that has an "@" or a "%". The server's 401 is final, no error comes, and gathering ends
# without a relay; with a fixed user and an easy password, as in a test, all is well. In
# W3C's WebRTC (RTCIceServer) both are what is sent, and RFC 7065 has no place for either in a
# URI. What helps is encodeURIComponent() around both, which no other stack wants, or its own
# interface, with an object for a server.
#
# Seen on 1 December 2026, of credentials for an hour, and of "user" with two fixed passwords:
#
#   @roamhq/wrtc: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
#   werift: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
#   node-datachannel: EXPIRY:NAME has none, "p/+=" has a relay, "p@%41" has none
#   aiortc: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
#   pion: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
#   node-datachannel, encoded: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
#
# Needs node 20 or later and npm, python3 with venv, go and its module proxy; of Debian coturn.
# Exits with 0 if that is still so, else with 1.
set -eu
peers=$(cd "$(dirname "$0")/peers" && pwd)
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cp "$peers"/* .

cat >main.py <<'END'
import base64
import hmac
from urllib.parse import quote

from coturn import coturn
from peers import COMMANDS, Peer

SECRET = "secret"
TIMED = "2000000000:name"  # good until 2033


def credential(username):
    digest = hmac.digest(SECRET.encode(), username.encode(), "sha1")
    return base64.b64encode(digest).decode()


def as_given(text):
    return text


def encoded(text):
    return quote(text, safe="")


def relay(stack, written, username, password, settings):
    with coturn(*settings, users=()) as (server, _):
        server |= {"username": written(username), "credential": written(password)}
        with Peer(stack, [server]) as peer:
            return "has a relay" if "typ relay" in peer.do("offer")["sdp"] else "has none"


def run(stack, written):
    said = ["EXPIRY:NAME " + relay(stack, written, TIMED, credential(TIMED),
                                   ["--use-auth-secret", f"--static-auth-secret={SECRET}"])]
    for password in "p/+=", "p@%41":
        got = relay(stack, written, "user", password, ["-a", "-u", f"user:{password}"])
        said.append(f'"{password}" {got}')
    return ", ".join(said)


for stack in COMMANDS:
    if stack != "webrtcbin":  # it has no username: its servers are URLs
        print(f"{stack}: {run(stack, as_given)}", flush=True)
print(f"node-datachannel, encoded: {run('node-datachannel', encoded)}")
END
cat >expected <<'END'
@roamhq/wrtc: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
werift: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
node-datachannel: EXPIRY:NAME has none, "p/+=" has a relay, "p@%41" has none
aiortc: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
pion: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
node-datachannel, encoded: EXPIRY:NAME has a relay, "p/+=" has a relay, "p@%41" has a relay
END

sh install.sh
python3 main.py | tee seen
diff expected seen
