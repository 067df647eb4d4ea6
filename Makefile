# The front door: Meson does the work, in build/.
BUILD ?= build
MESON_OPTIONS ?=
# For `make bench`: one that has torch, if any.
PYTHON ?= python3
# Where `make install` puts things: PREFIX, else where it did before, at first /usr/local. For who makes
# packages, DESTDIR is a folder to put before that. Not every shell expands the tilde of PREFIX=~/.local.
prefix = $(abspath $(patsubst ~/%,$(HOME)/%,$(PREFIX)))

.PHONY: all demo test test-interop test-pages test-aarch64 check-slow selftest fuzz bench docs install format lint clean setup-build setup-test \
	setup-interop setup-pages setup-aarch64 setup-docs setup-ci

all: setup-build $(BUILD)/build.ninja
	@scripts/compile $(BUILD)

demo: all
	@$(BUILD)/recur train
	@echo '(Here recur is $(BUILD)/recur; "make install" puts it on the path.)'

test: setup-test $(BUILD)/build.ninja
	@scripts/run-tests $(BUILD) quick

test-interop: setup-interop $(BUILD)/build.ninja
	@scripts/run-tests $(BUILD) quick --suite interop

# The pages in a browser.
test-pages: setup-pages $(BUILD)/build.ninja
	@scripts/run-tests $(BUILD) quick --suite pages

# What differs from processor to processor, compiled for ARM and run by an emulator.
test-aarch64: setup-aarch64
	@[ -f build-aarch64/build.ninja ] || \
		meson setup build-aarch64 --werror --cross-file tests/cross/aarch64.ini -Dtests=enabled >/dev/null
	@scripts/run-tests build-aarch64 quick kernels-neon kernels-neondot kernels-neonbf16 vmath golden lengths team \
		quantize

check-slow: setup-test $(BUILD)/build.ninja
	@scripts/run-tests $(BUILD) slow --suite slow

selftest: setup-ci
	@python3 tests/selftest/selftest.py

fuzz: setup-ci
	@tests/fuzz/run build-fuzz $(TARGETS)

bench: all
	@$(BUILD)/recur bench
	@echo
	@$(PYTHON) bench/compare.py $(BUILD)/recur

# The library's reference, of its headers.
docs: setup-docs
	@mkdir -p $(BUILD)/reference
	@RECUR_DOCS=$(BUILD)/reference RECUR_VERSION=$$(sed -n 's/^#define RECUR_VERSION "\(.*\)"/\1/p' include/recur/api.h) \
		doxygen docs/Doxyfile
	@echo "$(BUILD)/reference/html/index.html"

install: setup-build $(BUILD)/build.ninja
	@[ -z "$(PREFIX)" ] || \
		[ "$$(sed -n 's/^prefix=//p' $(BUILD)/meson-private/recur.pc)" = "$(prefix)" ] || \
		meson configure $(BUILD) --prefix "$(prefix)"
	@scripts/compile $(BUILD)
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir "$(abspath $(DESTDIR))")
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" -ne 0 ] || ldconfig

format:
	@git ls-files -z -co --exclude-standard '*.[ch]' | xargs -0 clang-format -i

lint:
	@python3 scripts/checks.py format includes circles rules version links breaks readmes examples

clean:
	@rm -rf $(BUILD) build-ci build-fuzz build-aarch64

setup-build:
	@scripts/setup build

setup-test:
	@scripts/setup test

setup-interop:
	@scripts/setup interop

setup-pages:
	@scripts/setup pages

setup-aarch64:
	@scripts/setup aarch64

setup-docs:
	@scripts/setup docs

setup-ci:
	@scripts/setup ci

# The order matters: Meson must not look for libraries before they are installed.
$(BUILD)/build.ninja: | setup-build
	@[ -t 1 ] || echo "$(BUILD): setting up"
	@said=$$(meson setup $(BUILD) $(if $(PREFIX),--prefix=$(prefix)) --libdir=lib $(MESON_OPTIONS)) || { echo "$$said"; exit 1; }
