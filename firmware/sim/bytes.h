/* A queue of bytes in memory. */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *start;
    size_t first, count, room;
} bytes_t;

void bytes_put(bytes_t *queue, const void *from, size_t count);
size_t bytes_take(bytes_t *queue, void *to, size_t most); /* the bytes taken */
void bytes_free(bytes_t *queue);

#endif
