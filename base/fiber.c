/* fiber.c - stackful coroutines on event-loop threads, and the waiters that suspend them.
 *
 * A host belongs to one thread.  A fiber never leaves its host, so thread-local state stays true over a suspension.
 * Switching saves the callee-saved registers on the stack that is left and loads them from the one that is entered
 * (x86-64, aarch64; ucontext elsewhere).  Stacks are mapped with a guard page below and pooled.
 *
 * Ready fibers wait in two lists: `ready` (this thread's) and `remote` (under the mutex, filled by wakers on other
 * threads, who then call notify).  Invariants:
 *   (1) a fiber is in each list at most once, and only while suspended;
 *   (2) a waker that found a waiter SLEEPING posts its fiber exactly once, and waiter_sleep() does not return before that
 *       post has arrived: so neither waiter nor fiber can go away under the waker;
 *   (3) a fiber resumed by its deadline or by an interrupt takes itself back from SLEEPING by compare-and-swap, so wake-up and
 *       time-out cannot both be reported. */
#include "base/fiber.h"
#include "base/fiber_host.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif
#ifdef FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define FIBER_VALGRIND 1
#endif
#endif

#define STACK_BYTES (1024 * 1024)
#define GUARD_BYTES 4096
#define POOL_MAX 256 /* idle stacks kept per host */
#define POOL_WARM 32 /* of which so many keep their touched pages */
#define SLICE_US 1000
#define BREATHS_PER_CLOCK 64 /* calls of fiber_breathe between looks at the clock */

#if defined(__x86_64__) || defined(__aarch64__)
#define FIBER_ASM 1
#else
#include <ucontext.h>
#endif

enum waiter_state { WAITER_STATE_NEW, WAITER_STATE_SLEEPING, WAITER_STATE_WOKEN };

struct context {
#ifdef FIBER_ASM
    void *sp;
#else
    ucontext_t ucontext;
#endif
    void *stack_low; /* of the stack it runs on, for the sanitizer */
    size_t stack_bytes;
#ifdef FIBER_ASAN
    void *fake_stack;
#endif
#ifdef FIBER_TSAN
    void *tsan;
#endif
};

struct fiber {
    struct context context;
    struct fiber_host *host;
    char *mapping; /* guard page, then the stack */
    void (*fn)(void *arg);
    void *arg;
    struct fiber *next;        /* in ready or pool */
    struct fiber *remote_next; /* in remote */
    struct deadline deadline;
    int64_t slice_start_us;
    uint32_t breaths;
    uint32_t interrupts;
    bool queued; /* in `ready`; own thread only */
    bool posted; /* a waker's post has arrived */
    bool timed_out;
    bool interruptible; /* sleeping so that an interrupt may end it */
    bool finished;
#ifdef FIBER_VALGRIND
    unsigned valgrind_id;
#endif
};

struct fiber_list {
    struct fiber *head, *tail;
};

struct fiber_host {
    struct context context; /* of the loop, while a fiber runs */
    struct fiber *current;
    struct fiber_list ready;
    pthread_mutex_t mutex;
    struct fiber *remote; /* guarded by mutex; latest first */
    uint32_t has_remote;  /* read without the mutex to skip it */
    void (*notify)(void *arg);
    void *notify_arg;
    struct deadlines deadlines;
    struct fiber *pool;
    uint32_t n_pool, n_alive;
};

static __thread struct fiber_host *this_host;

/* ---- switching ---- */

#ifdef FIBER_ASM
void fiber_switch_stack(void **save_sp, void *load_sp);
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl fiber_switch_stack\n"
        ".type fiber_switch_stack, @function\n"
        "fiber_switch_stack:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n"
        "    addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fiber_switch_stack, .-fiber_switch_stack\n");
#else
__asm__(".text\n"
        ".globl fiber_switch_stack\n"
        ".type fiber_switch_stack, %function\n"
        "fiber_switch_stack:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size fiber_switch_stack, .-fiber_switch_stack\n");
#endif
#endif

static void switch_context(struct context *from, struct context *to, bool from_is_dying)
{
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(from_is_dying ? NULL : &from->fake_stack, to->stack_low,
                                   to->stack_bytes);
#endif
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
#ifdef FIBER_ASM
    fiber_switch_stack(&from->sp, to->sp);
#else
    swapcontext(&from->ucontext, &to->ucontext);
#endif
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

static void suspend(struct fiber *fiber)
{
    fiber->host->current = NULL;
    switch_context(&fiber->context, &fiber->host->context, fiber->finished);
}

static NORETURN void fiber_main(void)
{
    struct fiber *fiber = this_host->current;
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
    fiber->fn(fiber->arg);
    fiber->finished = true;
    suspend(fiber);
    abort(); /* a finished fiber is never resumed */
}

static void context_start(struct fiber *fiber)
{
    char *low = fiber->mapping + GUARD_BYTES;
    fiber->context.stack_low = low;
    fiber->context.stack_bytes = STACK_BYTES;
#if defined(__x86_64__)
    void **top = (void **)(low + STACK_BYTES);
    *--top = NULL;               /* where fiber_main would return to; keeps the ABI's alignment */
    *--top = (void *)fiber_main; /* popped by ret */
    for (int i = 0; i < 6; i++)
        *--top = NULL; /* rbp rbx r12-r15 */
    *--top = NULL;
    uint32_t *control = (uint32_t *)(void *)top;
    control[0] = 0x1f80; /* MXCSR and x87 control word as the ABI wants them at process start */
    control[1] = 0x037f;
    fiber->context.sp = top;
#elif defined(__aarch64__)
    char *sp = low + STACK_BYTES - 160;
    memset(sp, 0, 160);
    void *entry = (void *)fiber_main;
    memcpy(sp + 88, &entry, sizeof(entry)); /* x30 */
    fiber->context.sp = sp;
#else
    getcontext(&fiber->context.ucontext);
    fiber->context.ucontext.uc_stack.ss_sp = low;
    fiber->context.ucontext.uc_stack.ss_size = STACK_BYTES;
    fiber->context.ucontext.uc_link = NULL;
    makecontext(&fiber->context.ucontext, (void (*)(void))fiber_main, 0);
#endif
#ifdef FIBER_TSAN
    fiber->context.tsan = __tsan_create_fiber(0);
#endif
}

/* ---- stacks ---- */

static void deadline_fired(void *arg);

static struct fiber *fiber_take(struct fiber_host *host)
{
    struct fiber *fiber = host->pool;
    if (fiber) {
        host->pool = fiber->next;
        host->n_pool--;
    } else {
        fiber = calloc(1, sizeof(*fiber));
        ASSERT(fiber != NULL);
        fiber->mapping = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        ASSERT(fiber->mapping != MAP_FAILED);
        ASSERT(mprotect(fiber->mapping, GUARD_BYTES, PROT_NONE) == 0);
        fiber->host = host;
        fiber->deadline.fn = deadline_fired;
        fiber->deadline.arg = fiber;
#ifdef FIBER_VALGRIND
        fiber->valgrind_id = VALGRIND_STACK_REGISTER(fiber->mapping + GUARD_BYTES,
                                                     fiber->mapping + GUARD_BYTES + STACK_BYTES);
#endif
    }
    fiber->next = NULL;
    fiber->interrupts = fiber->breaths = 0;
    fiber->queued = fiber->posted = fiber->timed_out = fiber->interruptible = fiber->finished =
        false;
    host->n_alive++;
    return fiber;
}

static void fiber_unmap(struct fiber *fiber)
{
#ifdef FIBER_VALGRIND
    VALGRIND_STACK_DEREGISTER(fiber->valgrind_id);
#endif
    munmap(fiber->mapping, GUARD_BYTES + STACK_BYTES);
    free(fiber);
}

static void fiber_give_back(struct fiber *fiber)
{
    struct fiber_host *host = fiber->host;
    deadline_clear(&host->deadlines, &fiber->deadline);
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(fiber->context.tsan);
#endif
    host->n_alive--;
    if (host->n_pool >= POOL_MAX) {
        fiber_unmap(fiber);
        return;
    }
    if (host->n_pool >= POOL_WARM)
        madvise(fiber->mapping + GUARD_BYTES, STACK_BYTES, MADV_DONTNEED);
    fiber->next = host->pool;
    host->pool = fiber;
    host->n_pool++;
}

/* ---- the host ---- */

static void push(struct fiber_list *list, struct fiber *fiber)
{
    fiber->next = NULL;
    if (list->tail)
        list->tail->next = fiber;
    else
        list->head = fiber;
    list->tail = fiber;
}

struct fiber_host *fiber_host_new(void (*notify)(void *arg), void *arg)
{
    struct fiber_host *host = calloc(1, sizeof(*host));
    ASSERT(host != NULL);
    pthread_mutex_init(&host->mutex, NULL);
    host->notify = notify;
    host->notify_arg = arg;
    return host;
}

void fiber_host_enter(struct fiber_host *host)
{
    this_host = host;
#if defined(FIBER_ASAN) || defined(FIBER_TSAN)
    pthread_attr_t attr;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        pthread_attr_getstack(&attr, &host->context.stack_low, &host->context.stack_bytes);
        pthread_attr_destroy(&attr);
    }
#endif
#ifdef FIBER_TSAN
    host->context.tsan = __tsan_get_current_fiber();
#endif
}

void fiber_host_free(struct fiber_host *host)
{
    if (!host)
        return;
    ASSERT(host->n_alive == 0);
    while (host->pool) {
        struct fiber *fiber = host->pool;
        host->pool = fiber->next;
        fiber_unmap(fiber);
    }
    deadlines_free(&host->deadlines);
    pthread_mutex_destroy(&host->mutex);
    if (this_host == host)
        this_host = NULL;
    free(host);
}

bool fiber_host_has_ready(struct fiber_host *host)
{
    return host->ready.head || __atomic_load_n(&host->has_remote, __ATOMIC_SEQ_CST);
}

uint32_t fiber_siblings(void)
{
    return fiber_current() ? this_host->n_alive - 1 : 0;
}

uint32_t fiber_host_count(const struct fiber_host *host)
{
    return host->n_alive;
}

struct deadlines *fiber_host_deadlines(struct fiber_host *host)
{
    return &host->deadlines;
}

static void make_ready(struct fiber *fiber)
{
    if (fiber->queued)
        return;
    fiber->queued = true;
    push(&fiber->host->ready, fiber);
}

static void resume(struct fiber *fiber)
{
    struct fiber_host *host = fiber->host;
    ASSERT(host == this_host && !host->current);
    host->current = fiber;
    fiber->slice_start_us = 0;
    switch_context(&host->context, &fiber->context, false);
    if (fiber->finished)
        fiber_give_back(fiber);
}

void fiber_start(struct fiber_host *host, void (*fn)(void *arg), void *arg)
{
    struct fiber *fiber = fiber_take(host);
    fiber->fn = fn;
    fiber->arg = arg;
    context_start(fiber);
    resume(fiber);
}

static void take_remote(struct fiber_host *host)
{
    if (!__atomic_load_n(&host->has_remote, __ATOMIC_ACQUIRE))
        return;
    pthread_mutex_lock(&host->mutex);
    struct fiber *list = host->remote, *in_order = NULL;
    host->remote = NULL;
    __atomic_store_n(&host->has_remote, 0, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&host->mutex);
    while (list) {
        struct fiber *fiber = list;
        list = fiber->remote_next;
        fiber->remote_next = in_order;
        in_order = fiber;
    }
    for (; in_order; in_order = in_order->remote_next) {
        in_order->posted = true;
        make_ready(in_order);
    }
}

bool fiber_host_run(struct fiber_host *host)
{
    take_remote(host);
    struct fiber_list batch = host->ready;
    host->ready = (struct fiber_list){0};
    while (batch.head) {
        struct fiber *fiber = batch.head;
        batch.head = fiber->next;
        fiber->queued = false;
        resume(fiber);
    }
    return fiber_host_has_ready(host);
}

struct fiber *fiber_current(void)
{
    return this_host ? this_host->current : NULL;
}

/* ---- interrupts and time slices ---- */

void fiber_interrupt(struct fiber *fiber, uint32_t bits)
{
    fiber->interrupts |= bits;
    if (fiber->interruptible)
        make_ready(fiber);
}

void fiber_clear_interrupts(struct fiber *fiber, uint32_t bits)
{
    fiber->interrupts &= ~bits;
}

uint32_t fiber_interrupts(const struct fiber *fiber)
{
    return fiber->interrupts;
}

bool fiber_breathe(void)
{
    struct fiber *fiber = fiber_current();
    if (!fiber)
        return true;
    if (UNLIKELY(fiber->interrupts))
        return false;
    if (LIKELY(++fiber->breaths % BREATHS_PER_CLOCK))
        return true;
    int64_t now = clock_monotonic_us();
    if (!fiber->slice_start_us)
        fiber->slice_start_us = now;
    if (now - fiber->slice_start_us < SLICE_US)
        return true;
    make_ready(fiber);
    suspend(fiber);
    return !fiber->interrupts;
}

bool fiber_check_interrupt(struct err *err)
{
    struct fiber *fiber = fiber_current();
    if (LIKELY(!fiber || !fiber->interrupts))
        return true;
    uint32_t bits = fiber->interrupts;
    if (bits & FIBER_PEER_GONE)
        return err_set(err, ERR_CONNECTION_FAILURE, "connection to client lost");
    if (bits & FIBER_DATABASE_DROPPED)
        return err_set(err, ERR_DATABASE_DROPPED,
                       "terminating connection due to conflict with recovery");
    if (bits & FIBER_TERMINATE)
        return err_set(err, ERR_ADMIN_SHUTDOWN,
                       "terminating connection due to administrator command");
    fiber->interrupts = 0;
    if (bits & FIBER_STATEMENT_TIMEOUT)
        return err_set(err, ERR_QUERY_CANCELED, "canceling statement due to statement timeout");
    return err_set(err, ERR_QUERY_CANCELED, "canceling statement due to user request");
}

/* ---- stack depth ---- */

static char *thread_stack_low(void)
{
    static __thread char *low;
    if (!low) {
        pthread_attr_t attr;
        void *address = NULL;
        size_t bytes = 0;
        if (pthread_getattr_np(pthread_self(), &attr) == 0) {
            pthread_attr_getstack(&attr, &address, &bytes);
            pthread_attr_destroy(&attr);
        }
        low = address ? address : (char *)1;
    }
    return low;
}

/* On one of the sanitizer's own frames, or on the stack that valgrind gives the main thread. */
static bool runs_elsewhere(const struct fiber *fiber, const char *here, const char *low)
{
#ifdef FIBER_ASAN
    return here < low;
#elif defined(RUNNING_ON_VALGRIND)
    return !fiber && RUNNING_ON_VALGRIND;
#else
    return false;
#endif
}

size_t stack_left_bytes(void)
{
    struct fiber *fiber = fiber_current();
    char *low = fiber ? fiber->mapping + GUARD_BYTES : thread_stack_low();
    char *here = __builtin_frame_address(0);
    if (runs_elsewhere(fiber, here, low)) /* it can't be told: nothing is refused */
        return STACK_BYTES;
    return here > low ? (size_t)(here - low) : 0;
}

bool stack_check(struct err *err)
{
    if (LIKELY(stack_left_bytes() >= STACK_RESERVE_BYTES))
        return true;
    err_set(err, ERR_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    return err_hint(err, "Increase the configuration parameter \"max_stack_depth\" (currently "
                         "2048kB), after ensuring "
                         "the platform's stack depth limit is adequate.");
}

/* ---- waiters ---- */

void waiter_init(struct waiter *waiter)
{
    *waiter = (struct waiter){.target = fiber_current(), .state = WAITER_STATE_NEW};
}

static long futex(uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, op, value, timeout, NULL, FUTEX_BITSET_MATCH_ANY);
}

static bool take_back(struct waiter *waiter)
{
    uint32_t expected = WAITER_STATE_SLEEPING;
    return __atomic_compare_exchange_n(&waiter->state, &expected, WAITER_STATE_NEW, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static enum waiter_end sleep_thread(struct waiter *waiter, int64_t deadline_us)
{
    struct timespec until = {.tv_sec = deadline_us / 1000000,
                             .tv_nsec = deadline_us % 1000000 * 1000};
    while (__atomic_load_n(&waiter->state, __ATOMIC_ACQUIRE) == WAITER_STATE_SLEEPING) {
        long rc = futex(&waiter->state, FUTEX_WAIT_BITSET_PRIVATE, WAITER_STATE_SLEEPING,
                        deadline_us ? &until : NULL);
        if (rc < 0 && errno == ETIMEDOUT && take_back(waiter))
            return WAITER_TIMEOUT;
    }
    return WAITER_WOKEN;
}

static void deadline_fired(void *arg)
{
    struct fiber *fiber = arg;
    fiber->timed_out = true;
    make_ready(fiber);
}

static enum waiter_end sleep_fiber(struct fiber *fiber, struct waiter *waiter, int64_t deadline_us,
                                   bool interruptible)
{
    struct deadlines *deadlines = &fiber->host->deadlines;
    fiber->posted = fiber->timed_out = false;
    fiber->interruptible = interruptible;
    if (deadline_us)
        deadline_set(deadlines, &fiber->deadline, deadline_us);
    enum waiter_end end = WAITER_WOKEN;
    while (!fiber->posted) {
        if (fiber->interruptible && fiber->interrupts) {
            fiber->interruptible = false;
            if (take_back(waiter)) {
                end = WAITER_INTERRUPTED;
                break;
            }
        }
        if (fiber->timed_out) {
            fiber->timed_out = fiber->interruptible = false;
            if (take_back(waiter)) {
                end = WAITER_TIMEOUT;
                break;
            }
        }
        suspend(fiber);
    }
    fiber->interruptible = false;
    deadline_clear(deadlines, &fiber->deadline);
    return end;
}

enum waiter_end waiter_sleep(struct waiter *waiter, int64_t deadline_us, bool interruptible)
{
    struct fiber *fiber = waiter->target;
    ASSERT(fiber == fiber_current());
    if (fiber && interruptible && fiber->interrupts)
        return WAITER_INTERRUPTED;
    uint32_t expected = WAITER_STATE_NEW;
    if (!__atomic_compare_exchange_n(&waiter->state, &expected, WAITER_STATE_SLEEPING, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&waiter->state, WAITER_STATE_NEW,
                         __ATOMIC_RELEASE); /* the remembered wake-up is used up */
        return WAITER_WOKEN;
    }
    enum waiter_end end = fiber ? sleep_fiber(fiber, waiter, deadline_us, interruptible)
                                : sleep_thread(waiter, deadline_us);
    if (end == WAITER_WOKEN)
        __atomic_store_n(&waiter->state, WAITER_STATE_NEW, __ATOMIC_RELEASE);
    return end;
}

void waiter_wake(struct waiter *waiter)
{
    struct fiber *fiber = waiter->target;
    uint32_t old = __atomic_exchange_n(&waiter->state, WAITER_STATE_WOKEN, __ATOMIC_ACQ_REL);
    if (old != WAITER_STATE_SLEEPING)
        return;
    if (!fiber) {
        futex(&waiter->state, FUTEX_WAKE_PRIVATE, 1, NULL);
        return;
    }
    struct fiber_host *host = fiber->host;
    if (host == this_host) {
        fiber->posted = true;
        make_ready(fiber);
        return;
    }
    pthread_mutex_lock(&host->mutex);
    fiber->remote_next = host->remote;
    host->remote = fiber;
    __atomic_store_n(&host->has_remote, 1, __ATOMIC_SEQ_CST);
    host->notify(host->notify_arg); /* under the mutex: the host can't be freed meanwhile */
    pthread_mutex_unlock(&host->mutex);
}

/* ---- clocks ---- */

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_realtime_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
