# A thin front to CMake. `make` builds, `make demo` shows, `make test` proves.
CMAKE ?= cmake

PREFIX ?= /usr/local

.PHONY: all deps demo check test fresh soak bench bench-crowd bench-signal bench-cluster bench-sctp bench-long-path bench-first-byte bench-relay bench-web \
        format lint install uninstall deb dist clean

all: build/build.ninja
	$(CMAKE) --build build

build/build.ninja: | deps
	$(CMAKE) --preset release -G Ninja

# Does nothing when everything is already there.
deps:
	scripts/install-deps.sh build

demo: all
	scripts/demo.sh

# The unit tests alone, with a few small packages.
check:
	scripts/install-deps.sh build check
	scripts/test.sh unit

test:
	scripts/install-deps.sh build check test
	scripts/test.sh

# What README.md promises, on fresh systems of these.
RELEASES ?= bookworm trixie noble
fresh:
	scripts/install-deps.sh fresh
	scripts/fresh.sh $(RELEASES)

# A week's worth of requests, killed processes among them; as root, it takes
# half an hour.
soak: all
	/usr/bin/python3 tests/e2e/run.py --whole --only Soak tests/chaos

# What of the code the unit tests go through, folder by folder.
coverage:
	scripts/install-deps.sh build check
	$(CMAKE) --preset coverage -G Ninja
	$(CMAKE) --build build-coverage
	find build-coverage -name '*.gcda' -delete
	ctest --test-dir build-coverage -j "$$(nproc)" --output-on-failure --progress
	scripts/coverage.py build-coverage

bench: all
	bench/run.sh
	/usr/bin/python3 bench/extensions_bench.py
	/usr/bin/python3 bench/pool_bench.py

bench-crowd: all
	$(CMAKE) --build build --target bench_crowd >/dev/null
	/usr/bin/python3 bench/crowd_bench.py --idle 1000

bench-signal: all
	$(CMAKE) --build build --target bench_signal bench_signal_crowd >/dev/null
	/usr/bin/python3 bench/signal_bench.py $(SIGNAL_BENCH)

bench-cluster: all
	scripts/install-deps.sh bench
	$(CMAKE) --build build --target bench_signal >/dev/null
	/usr/bin/python3 bench/cluster_bench.py

bench-sctp: all
	scripts/install-deps.sh check
	bench/sctp/run.sh

# As root: it makes network namespaces, as do all below.
bench-long-path: all
	scripts/install-deps.sh bench
	$(CMAKE) --build build --target bench_link
	/usr/bin/python3 bench/long_path.py

bench-web: all
	$(CMAKE) --build build --target bench_bare_channel bench_link >/dev/null
	/usr/bin/python3 bench/web_bench.py

bench-first-byte: all
	/usr/bin/python3 bench/first_byte.py

bench-relay: all
	$(CMAKE) --build build --target bench_link
	/usr/bin/python3 bench/relay_bench.py build

format:
	scripts/install-deps.sh lint
	git ls-files '*.c' '*.h' | xargs clang-format -i

lint: all
	scripts/install-deps.sh lint
	scripts/lint.sh

install: all
	$(CMAKE) --install build --prefix "$(PREFIX)"

# With the PREFIX, and the DESTDIR if any, of `make install`.
uninstall: all
	scripts/uninstall.sh build "$(PREFIX)"

deb: all
	scripts/install-deps.sh deb
	cd build && cpack -G DEB
	@deb=$$(ls -t build/webrtc-tunnel_*.deb | head -n 1) && \
	    echo "$$deb is there. To install it: sudo apt-get install ./$$deb"

# All that a release brings, for several architectures, tried. As root.
dist:
	scripts/install-deps.sh dist
	scripts/dist.sh

clean:
	rm -rf build build-*
