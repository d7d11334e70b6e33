/* What the host says: understood here, done by the others, answered. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

typedef struct {
    uint8_t type;
    const uint8_t *argument; /* after the type byte */
} command_t;

typedef enum {
    COMMAND_SOUND,
    COMMAND_BAD_ARGUMENT,
    COMMAND_UNKNOWN,   /* a type of a host, but none that this board knows */
    COMMAND_NO_COMMAND /* wrong length, or no type of a host: dropped without an answer */
} command_check_t;

/* Reads a frame's body as a command. Pure. */
command_check_t command_parse(const uint8_t *body, uint8_t length, command_t *command);

/* Takes up one body from the host: carries it out and answers. False where it was none of the contract. */
bool commands_handle(const uint8_t *body, uint8_t length);

/* To be called often: answers what takes its time. While it is true no other command is to be taken up. */
bool commands_busy(void);

#endif
