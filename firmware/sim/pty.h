/* A pseudo-terminal in place of the USB bridge. Never waits: what nobody reads is dropped. */
#ifndef PTY_H
#define PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int master; /* -1: none */
    char path[64];
} pty_t;

void pty_init(pty_t *pty);
const char *pty_open(pty_t *pty); /* the path for the other side; NULL and errno where it failed */
void pty_close(pty_t *pty);
bool pty_in_use(const pty_t *pty); /* somebody has it open */
size_t pty_read(pty_t *pty, uint8_t *to, size_t room);
void pty_write(pty_t *pty, const uint8_t *from, size_t count);

#endif
