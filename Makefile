# The face of the project. `make run` and `make test` are all that anyone needs; `make help` lists the rest.
# Variables: ARGS, PREFIX, DESTDIR, CXX (with a BUILD folder of its own), JOBS, FUZZ_SECONDS, TRACES.

BUILD ?= build
ASAN_BUILD ?= build-asan
FUZZ_BUILD ?= build-fuzz
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 120
TRACES ?= ../shared/traces
NPM_SECONDS ?= 300
ARGS ?=

BUILD_PACKAGES = g++ cmake ninja-build pkg-config libuv1-dev libjemalloc-dev libssl-dev libspdlog-dev catch2
# What CPack asks for a package's dependencies.
DEB_PACKAGES = dpkg-dev file
TEST_PACKAGES = redis-tools python3-redis openssl stunnel4 chromium $(DEB_PACKAGES)
# Of these only the programs are needed, and not the services.
UNPACKED_PACKAGES = prometheus prometheus-redis-exporter logrotate libpopt0
NODE_TESTS = tests/integration/node
DASHBOARD = modules/metrics/page

CMAKE_FLAGS ?=
ifneq ($(origin CXX),default)
  CMAKE_FLAGS += -DCMAKE_CXX_COMPILER=$(CXX)
endif
CTEST = ctest --output-on-failure --no-tests=error

# Ninja builds in parallel; two of these steps at once would fight for apt and for the processors.
.NOTPARALLEL:
.PHONY: run build test asan dashboard test-reference fuzz bench bench-eviction deps deps-build deb install uninstall format clean help

run: build ## build a release and start it on port 6379; options for the server: ARGS="--port 7000"
	@exec $(BUILD)/larder-server $(ARGS)

build: $(BUILD)/build.ninja ## build a release: build/larder-server
	@cmake --build $(BUILD) -j $(JOBS) --target larder-server

test: deps $(BUILD)/build.ninja $(ASAN_BUILD)/build.ninja $(BUILD)/node/installed $(BUILD)/tools/unpacked ## run every test, and once more under sanitizers all but most of the integration tests
	cmake --build $(BUILD) -j $(JOBS)
	$(CTEST) --test-dir $(BUILD)
	cmake --build $(ASAN_BUILD) -j $(JOBS)
	$(CTEST) --test-dir $(ASAN_BUILD) -R '^(unit|fuzz-corpus|transcripts|server-fuzz|integration-attacks)$$'

asan: deps $(ASAN_BUILD)/build.ninja $(ASAN_BUILD)/node/installed $(ASAN_BUILD)/tools/unpacked ## run every test under AddressSanitizer and UndefinedBehaviorSanitizer
	cmake --build $(ASAN_BUILD) -j $(JOBS)
	$(CTEST) --test-dir $(ASAN_BUILD) -E '^integration-attacks$$'

test-reference: deps $(BUILD)/build.ninja $(BUILD)/reference/redis-server ## replay the transcripts against redis-server and list differences
	cmake -B $(BUILD) -DREDIS_SERVER=$(abspath $(BUILD)/reference/redis-server)
	cmake --build $(BUILD) -j $(JOBS) --target transcript_runner
	$(CTEST) --test-dir $(BUILD) -C Reference -R '^transcripts-reference$$'

# Debian's redis-tools brings the program of the server under another name. The package redis-server
# would only add a service, which nobody asked to start.
$(BUILD)/reference/redis-server: | deps
	@mkdir -p $(@D)
	@ln -sf "$$(command -v redis-server || command -v redis-check-rdb)" $@

fuzz: deps-build ## fuzz every target for FUZZ_SECONDS (120) with clang's libFuzzer
	@command -v clang++ >/dev/null || command -v clang++-14 >/dev/null || packaging/install-packages clang libclang-rt-14-dev
	cmake -S . -B $(FUZZ_BUILD) -G Ninja -DLARDER_FUZZ=ON \
	  -DCMAKE_CXX_COMPILER="$$(command -v clang++ || command -v clang++-14)"
	cmake --build $(FUZZ_BUILD) -j $(JOBS) --target fuzzers
	@set -e; for target in $(FUZZ_BUILD)/tests/fuzz/*_fuzz; do \
	  name=$$(basename $$target); corpus=$(FUZZ_BUILD)/corpus/$$name; mkdir -p $$corpus; \
	  tests/fuzz/corpus.py seed $$name $$corpus; \
	  tests/fuzz/corpus.py unpack tests/fuzz/corpus/$$name.txt $$corpus; \
	  echo "== $$name"; \
	  $$target -max_total_time=$(FUZZ_SECONDS) -timeout=100 -print_final_stats=1 \
	    -dict=$(FUZZ_BUILD)/tests/fuzz/words.dict -artifact_prefix=$(FUZZ_BUILD)/$$name- $$corpus; \
	done

bench: deps build $(BUILD)/reference/redis-server ## compare with redis-server side by side; choose with ARGS="--quick", "--help" ...
	@cmake --build $(BUILD) -j $(JOBS) --target bench_load bench_pinger bench_replay bench_servers
	tests/bench/run --larder $(BUILD)/larder-server --tools $(BUILD)/tests \
	  --peer "$(BUILD)/reference/redis-server --save '' --appendonly no --bind 127.0.0.1" $(ARGS)

bench-eviction: deps build $(BUILD)/reference/redis-server ## replay traces through full caches: hit ratios, latency; TRACES=folder, ARGS="--quick" ...
	@packaging/install-packages zstd
	@cmake --build $(BUILD) -j $(JOBS) --target bench_load bench_pinger bench_replay
	tests/bench/run --sections replay,full --trace-folder $(TRACES) --larder $(BUILD)/larder-server \
	  --tools $(BUILD)/tests --peer "$(BUILD)/reference/redis-server --save '' --appendonly no --bind 127.0.0.1" $(ARGS)

# The Node clients that the integration tests use, in the versions of the lock file.
%/node/installed: $(NODE_TESTS)/package.json $(NODE_TESTS)/package-lock.json %/node/dashboard/installed | deps
	@mkdir -p $(@D)
	@cp $(NODE_TESTS)/package.json $(NODE_TESTS)/package-lock.json $(@D)
	timeout $(NPM_SECONDS) npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund
	@touch $@

# The library that the page of modules/metrics draws with.
%/node/dashboard/installed: $(DASHBOARD)/package.json $(DASHBOARD)/package-lock.json | deps
	@mkdir -p $(@D)
	@cp $^ $(@D)
	timeout $(NPM_SECONDS) npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund
	@touch $@

dashboard: $(BUILD)/node/dashboard/installed ## make the page of modules/metrics out of its sources
	LARDER_PAGE_MODULES=$(abspath $(BUILD)/node/dashboard/node_modules) node $(DASHBOARD)/bundle.mjs

# Programs of packages that nobody wants to have installed.
%/tools/unpacked:
	packaging/unpack-packages $(@D) $(UNPACKED_PACKAGES)
	@touch $@

# A Node that did not come from Debian brings its npm along, and the two packages would not go with it.
deps: ## install the Debian packages that building and testing need, as far as they are missing
	@packaging/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@command -v npm >/dev/null || packaging/install-packages nodejs npm

deps-build:
	@packaging/install-packages $(BUILD_PACKAGES)

deb: build ## make the Debian package: build/packages/larder_*.deb
	@packaging/install-packages $(DEB_PACKAGES)
	@cmake --build $(BUILD) -j $(JOBS) --target manuals
	cd $(BUILD) && cpack

install: build ## install to PREFIX (/usr/local); DESTDIR is put in front
	@cmake --build $(BUILD) -j $(JOBS) --target manuals
	DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix "$(PREFIX)"

uninstall: ## take away what `make install` with the same PREFIX and DESTDIR put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/larder-server"
	rm -f "$(DESTDIR)$(PREFIX)/share/man/man1/larder-server.1.gz" "$(DESTDIR)$(PREFIX)/share/man/man5/larder.conf.5.gz"
	rm -rf "$(DESTDIR)$(PREFIX)/share/doc/larder"

format: ## format all sources
	@command -v clang-format >/dev/null || command -v clang-format-14 >/dev/null || packaging/install-packages clang-format
	@git ls-files '*.cc' '*.h' | xargs "$$(command -v clang-format || command -v clang-format-14)" -i

clean: ## remove everything that was built
	rm -rf $(BUILD) $(ASAN_BUILD) $(FUZZ_BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
	  printf '  make %-15s %s\n' "$$name" "$$what"; done

# Configured once; from then on Ninja sees by itself when CMake has to run again.
$(BUILD)/build.ninja: | deps-build
	cmake -S . -B $(BUILD) -G Ninja $(CMAKE_FLAGS)

$(ASAN_BUILD)/build.ninja: | deps-build
	cmake -S . -B $(ASAN_BUILD) -G Ninja -DLARDER_SANITIZE=ON $(CMAKE_FLAGS)
