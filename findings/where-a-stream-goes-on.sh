#!/bin/sh
# sseclient 0.0.27, launchdarkly-eventsource 1.7.4 (PyPI); @microsoft/fetch-event-source 2.0.1,
# event-source-plus 0.1.15, eventsource 4.1.1, undici 7.30.2 (npm); github.com/r3labs/sse 2.10.0,
# github.com/launchdarkly/eventsource 1.11.0 (Go 1.26.8); reqwest-eventsource 0.6.0,
# eventsource-client 0.18.0 (crates.io); okhttp-eventsource 4.1.1, jersey-media-sse 3.1.10
# (Maven Central)
#
# From where a stream of Server-Sent Events goes on after a break, which the client says by
# Last-Event-ID. By the HTML standard (9.2.6) an id counts when the empty line behind its event
# is there, also where that has no data, and until there is another one, over any
# number of connections (9.2.2).
#   half   a connection that breaks within event 2, in the middle of its data. fetch-event-source
#          has its id already and asks for what is behind it: event 2 is lost. r3labs/sse hands
#          out the half, and then does the same. sseclient keeps the half, and puts the lines of
#          the next connection behind it
#   alone  an id with no data, by which a server moves on past what is not for this client. Most
#          leave it out, so all of that comes again
#   later  a second connection on which an event without an id came, then a third: both of
#          those for Rust have forgotten by then where they were, and begin anew
# No error tells of any of it, and a test that ends a stream between two events, once, shows
# nothing. A client compares ids itself; a server writes an event in one piece, and an id in each.
#
# Seen on 1 December 2026, of the events 1, 2 and 3 (right: "100 200 300", 2 and 1):
#   js, eventsource: half "100 200 300", alone 1, later 1
#   js, undici: half "100 200 300", alone 2, later 1
#   js, fetch-event-source: half "100 300", alone 2, later 1
#   js, event-source-plus: half "100 200 300", alone 1, later 1
#   python, sseclient: half "100 2+200 300", alone 2, later 1
#   python, launchdarkly: half "100 200 300", alone 1, later 1
#   go, r3labs: half "100 2 300", alone 2, later 1
#   go, launchdarkly: half "100 200 300", alone 2, later 1
#   rust, reqwest-eventsource: half "100 200 300", alone 1, later -
#   rust, eventsource-client: half "100 200 300", alone 1, later -
#   java, okhttp-eventsource: half "100 200 300", alone 1, later 1
#   java, jersey: half "100 200 300", alone 2, later 1
#
# Needs python3 with venv, node 20 or later, npm, go and its module proxy, cargo, a JDK (17) and
# maven. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json
import threading

asked = {}
for_ever = threading.Event()


def event(number):
    return f"id: {number}\ndata: {number}00\n\n"


def answer(case, turn, last):
    """What a connection brings, and whether it breaks after that."""
    first = "retry: 200\n" + event(1)
    if case == "half":
        rest = "".join(event(number) for number in (1, 2, 3) if number > int(last or 0))
        return (first + event(2)[:-4], True) if turn == 1 else (rest, False)
    if case == "alone":
        return (first + "id: 2\n\n", True) if turn == 1 else (": open\n\n", False)
    return [(first, True), ("data: note\n\n", True), (": open\n\n", False)][min(turn, 3) - 1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        if self.path == "/asked":
            body = json.dumps(asked).encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        turns = asked.setdefault(self.path, [])
        turns.append(self.headers.get("Last-Event-ID") or "-")
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        text, breaks = answer(self.path.split("/")[2], len(turns), self.headers["Last-Event-ID"])
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text.encode()))
        if not breaks:
            for_ever.wait()
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END

cat >table.py <<'END'
import json
import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1] + "/asked") as response:
    asked = json.load(response)
handed = {}
for line in sys.stdin:
    name, tab, number = line.rstrip("\n").partition("\t")
    if tab:
        handed.setdefault(name, []).append(number)
for name in sys.argv[2:]:
    def at(case, turn):
        turns = asked.get(f"/{name.replace(', ', '-')}/{case}", [])
        return turns[turn] if turn < len(turns) else "never"
    print(f'{name}: half "{" ".join(handed.get(name, []))}", alone {at("alone", 1)}, '
          f'later {at("later", 2)}')
END

mkdir python js go rust rust/src java
cat >python/client.py <<'END'
import logging
import os
import sys
import threading
import time

import ld_eventsource
import sseclient
from ld_eventsource.config import ConnectStrategy, ErrorStrategy

logging.disable()


def of_sseclient(url):
    yield from sseclient.SSEClient(url)


def of_launchdarkly(url):
    yield from ld_eventsource.SSEClient(ConnectStrategy.http(url),
                                        error_strategy=ErrorStrategy.always_continue()).events


def read(name, start, case):
    for event in start(f"{sys.argv[1]}/python-{name}/{case}"):
        if case == "half":
            print(f"python, {name}", event.data.replace("\n", "+"), sep="\t", flush=True)


for name, start in (("sseclient", of_sseclient), ("launchdarkly", of_launchdarkly)):
    for case in ("half", "alone", "later"):
        threading.Thread(target=read, args=(name, start, case), daemon=True).start()
time.sleep(12)
os._exit(0)
END
cat >js/client.mjs <<'END'
import { EventSourcePlus } from "event-source-plus";
import { EventSource } from "eventsource";
import { EventSource as OfUndici } from "undici";

globalThis.document = { addEventListener() {}, removeEventListener() {}, hidden: false };
globalThis.window = globalThis;
const { fetchEventSource } = await import("@microsoft/fetch-event-source");

const standard = (Made) => (url, onmessage) => {
    const source = new Made(url);
    source.onmessage = onmessage;
    source.onerror = () => {};
};
const starts = {
    eventsource: standard(EventSource),
    undici: standard(OfUndici),
    "fetch-event-source": (url, onmessage) => fetchEventSource(url, { onmessage }),
    "event-source-plus": (url, onMessage) =>
        new EventSourcePlus(url, { retryInterval: 200 }).listen({ onMessage }),
};
for (const [name, start] of Object.entries(starts)) {
    for (const wanted of ["half", "alone", "later"]) {
        start(`${process.argv[2]}/js-${name}/${wanted}`, ({ data }) => {
            if (wanted === "half" && data) console.log(`js, ${name}\t${data}`);
        });
    }
}
setTimeout(() => process.exit(), 12000);
END
cat >go/go.mod <<'END'
module client

go 1.26

require (
	github.com/launchdarkly/eventsource v1.11.0
	github.com/r3labs/sse/v2 v2.10.0
)
END
cat >go/main.go <<'END'
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/launchdarkly/eventsource"
	"github.com/r3labs/sse/v2"
)

func main() {
	for _, wanted := range []string{"half", "alone", "later"} {
		show := func(name, data string) {
			if wanted == "half" {
				fmt.Printf("go, %s\t%s\n", name, data)
			}
		}
		go sse.NewClient(os.Args[1] + "/go-r3labs/" + wanted).SubscribeRaw(func(event *sse.Event) {
			if len(event.Data) > 0 {
				show("r3labs", string(event.Data))
			}
		})
		go func() {
			stream, err := eventsource.SubscribeWithURL(os.Args[1]+"/go-launchdarkly/"+wanted,
				eventsource.StreamOptionErrorHandler(func(error) eventsource.StreamErrorHandlerResult {
					return eventsource.StreamErrorHandlerResult{}
				}))
			if err != nil {
				panic(err)
			}
			for event := range stream.Events {
				show("launchdarkly", event.Data())
			}
		}()
	}
	time.Sleep(12 * time.Second)
}
END
cat >rust/Cargo.toml <<'END'
[package]
name = "client"
version = "0.1.0"
edition = "2021"

[dependencies]
eventsource-client = "=0.18.0"
futures = "0.3"
launchdarkly-sdk-transport = { version = "*", features = ["hyper"] }
reqwest-eventsource = "=0.6.0"
tokio = { version = "1", features = ["full"] }
END
cat >rust/src/main.rs <<'END'
use eventsource_client::{Client, ClientBuilder, SSE};
use futures::StreamExt;
use launchdarkly_sdk_transport::HyperTransport;
use reqwest_eventsource::{Event, EventSource};

fn show(name: &str, case: &str, data: String) {
    if case == "half" {
        println!("rust, {name}\t{data}");
    }
}

#[tokio::main]
async fn main() {
    let base = std::env::args().nth(1).unwrap();
    for case in ["half", "alone", "later"] {
        let url = format!("{base}/rust-reqwest-eventsource/{case}");
        tokio::spawn(async move {
            let mut events = EventSource::get(url);
            while let Some(event) = events.next().await {
                if let Ok(Event::Message(message)) = event {
                    show("reqwest-eventsource", case, message.data);
                }
            }
        });
        let url = format!("{base}/rust-eventsource-client/{case}");
        tokio::spawn(async move {
            let transport = HyperTransport::builder().build_http().unwrap();
            let client = ClientBuilder::for_url(&url).unwrap().build_with_transport(transport);
            let mut events = client.stream();
            while let Some(event) = events.next().await {
                if let Ok(SSE::Event(message)) = event {
                    show("eventsource-client", case, message.data);
                }
            }
        });
    }
    tokio::time::sleep(std::time::Duration::from_secs(12)).await;
}
END
cat >java/pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>x</groupId>
  <artifactId>x</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.launchdarkly</groupId>
      <artifactId>okhttp-eventsource</artifactId>
      <version>4.1.1</version>
    </dependency>
    <dependency>
      <groupId>org.glassfish.jersey.media</groupId>
      <artifactId>jersey-media-sse</artifactId>
      <version>3.1.10</version>
    </dependency>
    <dependency>
      <groupId>org.glassfish.jersey.core</groupId>
      <artifactId>jersey-client</artifactId>
      <version>3.1.10</version>
    </dependency>
    <dependency>
      <groupId>org.glassfish.jersey.inject</groupId>
      <artifactId>jersey-hk2</artifactId>
      <version>3.1.10</version>
    </dependency>
  </dependencies>
</project>
END
cat >java/Main.java <<'END'
import com.launchdarkly.eventsource.ConnectStrategy;
import com.launchdarkly.eventsource.ErrorStrategy;
import com.launchdarkly.eventsource.EventSource;
import com.launchdarkly.eventsource.MessageEvent;
import com.launchdarkly.eventsource.StreamException;
import jakarta.ws.rs.client.ClientBuilder;
import jakarta.ws.rs.sse.SseEventSource;
import java.net.URI;

public class Main {
    static void show(String name, String wanted, String data) {
        if (wanted.equals("half"))
            System.out.println("java, " + name + "\t" + data);
    }

    static void ofLaunchdarkly(String url, String wanted) {
        var address = URI.create(url + "/java-okhttp-eventsource/" + wanted);
        var source = new EventSource.Builder(ConnectStrategy.http(address))
            .errorStrategy(ErrorStrategy.alwaysContinue()).build();
        try {
            source.start();
            while (true)
                if (source.readAnyEvent() instanceof MessageEvent event)
                    show("okhttp-eventsource", wanted, event.getData());
        } catch (StreamException error) {
            show("okhttp-eventsource", wanted, "error");
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (var wanted : new String[] {"half", "alone", "later"}) {
            new Thread(() -> ofLaunchdarkly(arguments[0], wanted)).start();
            var target =
                ClientBuilder.newClient().target(arguments[0] + "/java-jersey/" + wanted);
            var source = SseEventSource.target(target).build();
            source.register(event -> show("jersey", wanted, event.readData()), error -> { });
            source.open();
        }
        Thread.sleep(12000);
        System.exit(0);
    }
}
END
cat >expected <<'END'
js, eventsource: half "100 200 300", alone 1, later 1
js, undici: half "100 200 300", alone 2, later 1
js, fetch-event-source: half "100 300", alone 2, later 1
js, event-source-plus: half "100 200 300", alone 1, later 1
python, sseclient: half "100 2+200 300", alone 2, later 1
python, launchdarkly: half "100 200 300", alone 1, later 1
go, r3labs: half "100 2 300", alone 2, later 1
go, launchdarkly: half "100 200 300", alone 2, later 1
rust, reqwest-eventsource: half "100 200 300", alone 1, later -
rust, eventsource-client: half "100 200 300", alone 1, later -
java, okhttp-eventsource: half "100 200 300", alone 1, later 1
java, jersey: half "100 200 300", alone 2, later 1
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sseclient==0.0.27 requests==2.34.2 \
    launchdarkly-eventsource==1.7.4
(cd js && npm install --no-audit --no-fund --silent eventsource@4.1.1 undici@7.30.2 \
    event-source-plus@0.1.15 @microsoft/fetch-event-source@2.0.1)
(cd go && go mod tidy 2>/dev/null && go build -o client .)
(cd rust && cargo build --quiet 2>/dev/null)
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null &&
    javac -cp 'lib/*' Main.java)

mkfifo port
python3 server.py >port 2>/dev/null &
server=$!
read -r number <port
url=http://127.0.0.1:$number
{
    node js/client.mjs "$url" 2>/dev/null
    venv/bin/python python/client.py "$url" 2>/dev/null
    go/client "$url" 2>/dev/null
    rust/target/debug/client "$url"
    java -cp 'java/lib/*:java' Main "$url" 2>/dev/null
} >handed
python3 table.py "$url" "js, eventsource" "js, undici" "js, fetch-event-source" \
    "js, event-source-plus" "python, sseclient" "python, launchdarkly" "go, r3labs" \
    "go, launchdarkly" "rust, reqwest-eventsource" "rust, eventsource-client" \
    "java, okhttp-eventsource" "java, jersey" <handed | tee seen
diff expected seen
