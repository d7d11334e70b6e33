/* What the board keeps in its EEPROM: its id, and how often it has started. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* Counts this start, durably, before it returns (about 10 ms): a boot number is never told twice. */
void identity_start(void);

uint16_t identity_boot(void);

/* The id as it is stored; all 0xFF where none is, or where its writing was cut short. */
void identity_board_id(uint8_t *id);

/* Whether that id is none: all 0xFF or all 0x00. */
bool identity_unset(void);

/* Begins to store another id; takes some 40 ms, during which sampling goes on. */
void identity_write(const uint8_t *id);

typedef enum { IDENTITY_IDLE, IDENTITY_WRITING, IDENTITY_WRITTEN, IDENTITY_FAILED } identity_write_t;

/* To be called often while writing; WRITTEN or FAILED is told once. */
identity_write_t identity_poll(void);

#endif
