# A thin front to CMake. `make` builds, `make demo` shows, `make test` proves.
CMAKE ?= cmake

.PHONY: all deps test-deps demo test bench bench-sctp format lint install deb clean

all: build/build.ninja
	$(CMAKE) --build build

build/build.ninja: | deps
	$(CMAKE) --preset release -G Ninja

# Both do nothing when everything is already there.
deps:
	scripts/install-deps.sh build
test-deps:
	scripts/install-deps.sh test

demo: all
	scripts/demo.sh

test: deps test-deps
	scripts/test.sh

bench: all
	bench/run.sh
	/usr/bin/python3 bench/extensions_bench.py

bench-sctp: all test-deps
	bench/sctp/run.sh

format: test-deps
	git ls-files '*.c' '*.h' | xargs clang-format -i

lint: all
	scripts/install-deps.sh lint
	scripts/lint.sh

install: all
	$(CMAKE) --install build

deb: all
	cd build && cpack -G DEB

clean:
	rm -rf build build-*
