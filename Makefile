# The two commands of the README, and shortcuts. CMake does the work; CMakePresets.json has all the variants.
PRESET ?= release
BUILD := build/$(PRESET)
CTEST_FLAGS ?= --output-on-failure -j 4

.PHONY: help run test build bench torture simulate fuzz soak tsan memcheck coverage deb tidy cppcheck clean deps test-deps
help:
	@echo "make run       install what is missing, build, and run the demo (needs no network)"
	@echo "make test      the same, then all tests"
	@echo "make build     only build, into $(BUILD) (PRESET=release|dev|asan|clang)"
	@echo "make bench     build and run the benchmarks"
	@echo "make torture   run the engine's tests again with each fallible operation failing in turn (takes a while)"
	@echo "make simulate  run random histories for SECONDS=600, from seed FIRST=1000000"
	@echo "make fuzz      run each fuzz target for FUZZ_SECONDS=60"
	@echo "make soak      run for hours: a million sockets, as many at once as may be, mixed load (SOAK='--seconds 600 mixed')"
	@echo "make tsan      run what has threads under the thread sanitizer"
	@echo "make memcheck  run the engine's tests under valgrind"
	@echo "make coverage  run the engine's tests, print line and branch coverage"
	@echo "make tidy      run clang-tidy over the sources (takes a while)"
	@echo "make cppcheck  run cppcheck over them"
	@echo "make deb       make Debian packages, into build/package"
	@echo "make clean     remove build/"

deps:
	@scripts/install-deps.sh build

test-deps:
	@scripts/install-deps.sh build test

build: deps
	@scripts/build.sh $(PRESET)

run: build
	@echo "Running the demo: examples/demo.lua against the built-in echo server"
	@examples/demo.sh $(BUILD)/socketcore

test: test-deps
	@scripts/build.sh $(PRESET) -DSC_TESTS=ON
	@echo "Running the tests"
	@ctest --test-dir $(BUILD) $(CTEST_FLAGS)

bench: deps
	@scripts/install-deps.sh bench measure
	@scripts/build.sh release
	@echo "Building the benchmarks, with LuaJIT (build/release) and with PUC Lua (build/release-puc)"
	@cmake --build build/release --target bench
	@cmake --preset release -B build/release-puc -DSC_LUA=lua5.1 >build/release-puc.log
	@cmake --build build/release-puc --target bench
	@echo "Measuring beside plain C++ and the peers (bench/run.py --help says how; about a quarter of an hour)"
	@bench/run.py build/release
	@echo "Measuring a device's project (bench/device.py --help says how)"
	@bench/device.py build/release build/release-puc
	@bench/scale.py build/release --quick
	@bench/latency.py build/release --quick

FUZZ_SECONDS ?= 60
fuzz: test-deps
	@scripts/install-deps.sh clang
	@cmake --preset fuzz >/dev/null
	@cmake --build build/fuzz --target fuzz
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

SECONDS ?= 600
FIRST ?= 1000000
torture: test-deps
	@scripts/build.sh $(PRESET) -DSC_TESTS=ON
	@$(BUILD)/tests/torture -j $$(nproc)
	@$(BUILD)/tests/torture_module -j $$(nproc)
	@$(BUILD)/tests/torture_device -j $$(nproc)
	@$(BUILD)/tests/torture_real -j $$(nproc)
	@if [ -x $(BUILD)/tests/torture_luajit ]; then $(BUILD)/tests/torture_luajit -j $$(nproc); fi

simulate: test-deps
	@scripts/build.sh $(PRESET) -DSC_TESTS=ON
	@$(BUILD)/tests/histories --seconds $(SECONDS) --first $(FIRST)

soak: test-deps
	@scripts/install-deps.sh soak
	@cmake --preset release -DSC_TESTS=ON >/dev/null
	@cmake --build build/release --target soak
	@tests/soak/soak.py $(SOAK)

tsan: test-deps
	@cmake --workflow --preset tsan

memcheck: test-deps
	@scripts/install-deps.sh soak
	@cmake --preset dev >/dev/null
	@scripts/memcheck.sh build/dev

coverage: test-deps
	@scripts/install-deps.sh coverage
	@cmake --preset coverage >/dev/null
	@scripts/coverage.sh build/coverage

deb: deps
	@scripts/install-deps.sh deb
	@scripts/build.sh package
	@cd build/package && cpack >cpack.log 2>&1 || { tail -n 20 cpack.log; exit 1; }
	@echo "Made:"; ls build/package/*.deb

tidy: test-deps
	@scripts/install-deps.sh tidy
	@cmake --preset dev >/dev/null
	@run-clang-tidy -p build/dev -quiet '^$(CURDIR)/(src|runner)/.*'

cppcheck: deps
	@scripts/install-deps.sh tidy
	@cmake --preset dev >/dev/null
	@cppcheck --enable=warning,style,performance,portability --std=c++20 --language=c++ --library=posix,openssl,lua \
	  -I include -I build/dev/include -I src -I . --suppressions-list=.cppcheck --error-exitcode=1 --quiet src runner

clean:
	rm -rf build
