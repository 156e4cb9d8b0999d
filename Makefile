# Two commands matter to a newcomer: `make demo` and `make test`. Each does its own set-up.
#
#   make demo [SITE=DIR] [NODES=12] [FILE=F]
#                                     a mesh on this machine loses a third of its nodes; no reader notices
#   make test                         every test, on the same build that `make demo` runs
#   make build                        .build/release/holdfast
#   make chaos [MINUTES=10] [SEED=n]  nodes killed, paused, filled, corrupted, cut off and slowed under load; names losses
#   make fuzz [SECONDS=60]            libFuzzer on every decoder of the engines, with a kept corpus
#   make sanitize                     the tests under the thread and the address sanitizer, in build folders of their own
#   make bench                        ratios against nginx, Tahoe-LAFS, ISA-L and measured bounds
#   make lint                         swift-format in strict mode; compiler warnings are errors in every build
#   make install [PREFIX=/usr/local]  the binary and its shell completions

SHELL := /bin/bash
PREFIX ?= /usr/local
NODES ?= 12
MINUTES ?= 10
SECONDS ?= 60
HOLDFAST := .build/release/holdfast

# One set of flags for the product and for the tests, so that neither rebuilds the other.
BUILD := swift build -c release --build-tests

.PHONY: build setup demo test chaos fuzz sanitize bench lint format install clean

setup:
	@scripts/setup

build: setup
	@$(BUILD)

demo: build
	@$(HOLDFAST) demo --nodes $(NODES) $(if $(SITE),--site "$(SITE)") $(if $(FILE),--file "$(FILE)") \
		$(if $(FILE_SIZE),--file-size "$(FILE_SIZE)")

test: build
	@scripts/test

chaos: build
	@scripts/chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

fuzz: build
	@scripts/fuzz $(SECONDS)

sanitize: setup
	@scripts/sanitize

bench: build
	@scripts/setup bench
	@Benchmarks/run

lint: setup
	@swift format lint --strict --recursive --parallel Package.swift Benchmarks Sources Tests
	@$(BUILD)

format:
	@swift format format --in-place --recursive --parallel Package.swift Benchmarks Sources Tests

install: setup
	@swift build -c release --product holdfast --static-swift-stdlib --scratch-path .build-install
	install -D -m 755 .build-install/release/holdfast "$(DESTDIR)$(PREFIX)/bin/holdfast"
	"$(DESTDIR)$(PREFIX)/bin/holdfast" completions bash | install -D -m 644 /dev/stdin "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/holdfast"
	"$(DESTDIR)$(PREFIX)/bin/holdfast" completions zsh | install -D -m 644 /dev/stdin "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_holdfast"
	"$(DESTDIR)$(PREFIX)/bin/holdfast" completions fish | install -D -m 644 /dev/stdin "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/holdfast.fish"

clean:
	rm -rf .build .build-install .build-fuzz .build-thread .build-address
