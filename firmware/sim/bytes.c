#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_put(bytes_t *queue, const void *from, size_t count)
{
    if (queue->first + queue->count + count > queue->room) {
        size_t room = 2 * (queue->count + count) + 4096;
        uint8_t *start = malloc(room);
        if (!start) {
            perror("shelf-sim");
            abort();
        }
        if (queue->count > 0) {
            memcpy(start, queue->start + queue->first, queue->count);
        }
        free(queue->start);
        queue->start = start;
        queue->first = 0;
        queue->room = room;
    }
    memcpy(queue->start + queue->first + queue->count, from, count);
    queue->count += count;
}

size_t bytes_take(bytes_t *queue, void *to, size_t most)
{
    size_t count = queue->count < most ? queue->count : most;
    if (count > 0) {
        memcpy(to, queue->start + queue->first, count);
    }
    queue->count -= count;
    queue->first = queue->count > 0 ? queue->first + count : 0;
    return count;
}

void bytes_free(bytes_t *queue)
{
    free(queue->start);
}
