# Shardlite.  `make` builds build/release/shardlite; FLAVOR=dev|asan|tsan builds the other kinds beside it.
FLAVOR ?= release
CC ?= gcc
BUILD := build/$(FLAVOR)
PG_INCLUDE ?= $(shell pg_config --includedir-server 2>/dev/null || echo /usr/include/postgresql/15/server)

WARN := -std=gnu11 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
        -Wvla -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
CPPFLAGS += -I. -I$(BUILD)/gen -D_GNU_SOURCE -MMD -MP
# PostgreSQL's node headers are the system's, not ours to warn about.
PG_CPPFLAGS := -isystem $(PG_INCLUDE)
OPT_release := -O2 -g
OPT_dev := -O0 -g
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS += $(WARN) $(OPT_$(FLAVOR)) -pthread -fno-strict-aliasing
LDFLAGS += $(OPT_$(FLAVOR)) -pthread
LIBS := -lpg_query -lsqlite3 -lssl -lcrypto -linih -lgmp -lpcre2-8 -licuuc -licui18n -lm -ldl

FOLDERS := base config pgwire types func catalog sql plan exec shard txn router proxy
SRC := $(wildcard $(addsuffix /*.c,$(FOLDERS)))
MAIN := proxy/main.c
GEN := $(BUILD)/gen/builtin_data.c
LIB_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAIN),$(SRC))) $(if $(wildcard tools/gen-builtin.py),$(BUILD)/gen/builtin_data.o)
LIB := $(BUILD)/libshardlite.a

.PHONY: all clean
.DEFAULT_GOAL := all
all: $(BUILD)/shardlite

$(LIB): $(LIB_OBJ)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/shardlite: $(BUILD)/proxy/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(PG_CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/gen/builtin_data.c: tools/gen-builtin.py $(wildcard catalog/data/*.tsv)
	@mkdir -p $(@D)
	@python3 tools/gen-builtin.py $@

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
