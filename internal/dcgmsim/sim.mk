# Builds the simulated libdcgm. DCGM's headers are those in the go-dcgm module.
SIM := internal/dcgmsim
SIM_SOURCES := $(wildcard $(SIM)/src/*.c)
SIM_INPUTS := $(SIM_SOURCES) $(wildcard $(SIM)/src/*.h $(SIM)/src/*.inc) $(SIM)/sim.mk
SIM_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -D_GNU_SOURCE -DDCGM_API_EXPORT

bin/sim/libdcgm.so.4: $(SIM_INPUTS) bin/sim/fields.inc receiver/dcgmreceiver/go.mod
	@command -v gcc >/dev/null || { echo 'make sim: there is no gcc; install gcc and the headers of the C library' >&2; exit 1; }
	@echo 'building $@' >&2
	@headers="$$($(SIM)/headers)" && \
		gcc $(SIM_CFLAGS) -isystem "$$headers" -I bin/sim -shared -Wl,-soname,libdcgm.so.4 -Wl,-z,defs -o $@.new $(SIM_SOURCES) -lm -lpthread && \
		mv $@.new $@
bin/sim/fields.inc: $(SIM)/fields.tsv $(SIM)/fields.awk
	@mkdir -p bin/sim
	@awk -f $(SIM)/fields.awk $< > $@.new && mv $@.new $@

# Tests the simulation from outside, with the sanitizers of gcc.
.PHONY: check-sim
check-sim: bin/sim/check
	@bin/sim/check $(SIM)
bin/sim/check: $(SIM_INPUTS) $(wildcard $(SIM)/test/*) bin/sim/fields.inc
	@headers="$$($(SIM)/headers)" && \
		gcc $(SIM_CFLAGS) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -isystem "$$headers" -I bin/sim -o $@ $(SIM_SOURCES) $(SIM)/test/check.c -lm -lpthread
