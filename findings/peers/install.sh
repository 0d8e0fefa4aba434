#!/bin/sh
# Installs what the peers beside it need, in the folder where it runs. Of Debian it needs
# python3-gi, gir1.2-gst-plugins-bad-1.0, gstreamer1.0-plugins-bad and gstreamer1.0-nice.
set -eu
npm install --no-audit --no-fund --silent werift@0.25.2 node-datachannel@0.33.4 \
    @roamhq/wrtc@0.10.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiortc==1.16.0
go mod init finding 2>/dev/null
go get github.com/pion/webrtc/v4@v4.2.26 github.com/pion/sctp@v1.12.0 2>/dev/null
go mod tidy 2>/dev/null
go build -o peer .
