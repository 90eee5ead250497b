# SPDX-License-Identifier: Apache-2.0
# The door to Meson for people who have never seen it. CONTRIBUTING.md explains.
PORT ?= 8888
STATE ?= $(CURDIR)/state
export PORT STATE

all:
	@tools/build
deps:
	@tools/deps build run
run:
	@tools/run
stop:
	@tools/stop
test asan fuzz bench lint soak screens:
	@tools/$@
format:
	@tools/deps dev && git ls-files -z '*.c' '*.h' | xargs -0 clang-format-14 -i
install:
	@tools/install "$(DESTDIR)" "$(PREFIX)"
clean:
	rm -rf build build-*

.PHONY: all deps run stop test asan fuzz bench lint soak screens format install clean
.NOTPARALLEL:
