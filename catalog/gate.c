/* gate.c - see gate.h. */
#include "catalog/gate.h"

void gate_init(struct gate *gate)
{
    pthread_mutex_init(&gate->mutex, NULL);
    gate->held = false;
    gate->first = NULL;
    gate->last = &gate->first;
}

void gate_destroy(struct gate *gate)
{
    ASSERT(!gate->held && !gate->first);
    pthread_mutex_destroy(&gate->mutex);
}

void gate_lock(struct gate *gate)
{
    struct waiter waiter;
    pthread_mutex_lock(&gate->mutex);
    if (!gate->held) {
        gate->held = true;
        pthread_mutex_unlock(&gate->mutex);
        return;
    }
    waiter_init(&waiter);
    waiter.next = NULL;
    *gate->last = &waiter;
    gate->last = &waiter.next;
    pthread_mutex_unlock(&gate->mutex);
    waiter_sleep(&waiter, 0, false); /* the gate is ours on return */
}

void gate_unlock(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    struct waiter *next = gate->first;
    if (next) {
        gate->first = next->next;
        if (!gate->first)
            gate->last = &gate->first;
    } else {
        gate->held = false;
    }
    pthread_mutex_unlock(&gate->mutex);
    if (next)
        waiter_wake(next);
}
