# Shardlite.  `make` builds build/release/shardlite; FLAVOR=dev|asan|tsan|valgrind builds the other kinds beside it.
FLAVOR ?= release
CC ?= gcc
BUILD := build/$(FLAVOR)
PG_INCLUDE ?= $(shell pg_config --includedir-server 2>/dev/null || echo /usr/include/postgresql/15/server)

WARN := -std=gnu11 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
        -Wvla -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
ifeq ($(findstring clang,$(CC)),)
WARN += -Wno-error=maybe-uninitialized # gcc's guess, wrong about variables that a failed call leaves unset
endif
CPPFLAGS += -I. -I$(BUILD)/gen -D_GNU_SOURCE -MMD -MP
# PostgreSQL's node headers are the system's, not ours to warn about.
PG_CPPFLAGS := -isystem $(PG_INCLUDE)
OPT_release := -O2 -g
OPT_dev := -O0 -g
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
OPT_valgrind := -O1 -g
CFLAGS += $(WARN) $(OPT_$(FLAVOR)) -pthread -fno-strict-aliasing
LDFLAGS += $(OPT_$(FLAVOR)) -pthread
LIBS := -lpg_query -lsqlite3 -lssl -lcrypto -linih -lgmp -licuuc -licui18n -lstemmer -lm -ldl

FOLDERS := base config pgwire types func catalog sql plan exec shard txn router proxy
SRC := $(wildcard $(addsuffix /*.c,$(FOLDERS)))
MAIN := proxy/main.c
GEN := $(BUILD)/gen/builtin_data.c
LIB_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAIN),$(SRC))) $(if $(wildcard tools/gen-builtin.py),$(BUILD)/gen/builtin_data.o)
LIB := $(BUILD)/libshardlite.a

UNIT_SRC := $(sort $(wildcard tests/unit/*/*_test.c))
UNIT_HELPERS := $(filter-out %_test.c,$(wildcard tests/unit/*/*.c))
UNIT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(UNIT_SRC) $(UNIT_HELPERS)) $(BUILD)/gen/unit_main.o
TOOLS_SRC := $(wildcard tests/tool/*.c)
TOOLS := $(patsubst tests/tool/%.c,$(BUILD)/%,$(TOOLS_SRC))

# What strangers can send, under libFuzzer: build/fuzz/wire_fuzz -max_total_time=60 CORPUS
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)
FUZZ_WITH := $(wildcard pgwire/*.c) $(filter-out base/scram.c,$(wildcard base/*.c))

.PHONY: fuzz all run test unit scenarios lint bench soak clean format check-packages
.DEFAULT_GOAL := all
all: check-packages $(BUILD)/shardlite

check-packages:
	@tools/setup.sh --check build

# `make run ARGS="--port 5432 --shards 4"` passes flags on.
run:
	@tools/setup.sh build
	@$(MAKE) --no-print-directory $(BUILD)/shardlite
	@exec $(BUILD)/shardlite serve --data ./data $(ARGS)

test:
	@tools/setup.sh test
	@tests/run

unit: $(BUILD)/unit
	@CK_TAP_LOG_FILE_NAME= $(BUILD)/unit

lint:
	@tools/setup.sh lint
	@tools/lint.sh

bench:
	@tools/setup.sh bench
	@$(MAKE) --no-print-directory $(BUILD)/shardlite
	@bench/run $(ARGS)

soak:
	@tools/setup.sh test
	@tests/soak $(ARGS)

fuzz: $(patsubst tests/fuzz/%.c,build/fuzz/%,$(FUZZ_SRC))

build/fuzz/sql_fuzz: FUZZ_ALSO := sql/parse.c sql/tag.c sql/normalize.c
build/fuzz/%: tests/fuzz/%.c $(FUZZ_WITH)
	@mkdir -p $(@D)
	@clang-14 -std=gnu11 -D_GNU_SOURCE -I. -isystem $(PG_INCLUDE) -g -O1 -fsanitize=fuzzer,address,undefined -ffunction-sections \
	    -Wl,--gc-sections -o $@ $^ $(FUZZ_ALSO) -lpg_query -lcrypto -pthread

format:
	@clang-format-14 -i $$(git ls-files '*.c' '*.h')

$(LIB): $(LIB_OBJ)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/shardlite: $(BUILD)/proxy/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(PG_CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/unit: $(UNIT_OBJ) $(LIB)
	@$(CC) $(LDFLAGS) -o $@ $(UNIT_OBJ) $(LIB) -lcheck -lsubunit -lrt $(LIBS)

$(BUILD)/gen/unit_main.c: tools/unit-main.sh $(UNIT_SRC)
	@mkdir -p $(@D)
	@tools/unit-main.sh $(UNIT_SRC) > $@

# kill -9 on the storage alone, again and again.
$(BUILD)/kill_loop: $(BUILD)/tests/crash/kill_loop.o $(BUILD)/tests/unit/shard/workload.o $(LIB)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# What concurrent sessions of a running server observe.
$(BUILD)/history: $(BUILD)/tests/history/client.o $(BUILD)/tests/unit/txn/history.o $(LIB)
	@$(CC) $(LDFLAGS) -o $@ $^ -lpq $(LIBS)

# Small programs that tests use.
$(BUILD)/%: $(BUILD)/tests/tool/%.o $(LIB)
	@$(CC) $(LDFLAGS) -o $@ $< $(LIB) -lpq $(LIBS)

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/gen/builtin_data.c: tools/gen-builtin.py $(wildcard catalog/data/*.tsv)
	@mkdir -p $(@D)
	@python3 tools/gen-builtin.py $@

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
