/* The watchdog: resets the board when the main loop has stood still for 500 ms; and why the board last started. */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdint.h>

void watchdog_start(void);

/* To be called in the main loop, and nowhere else. */
void watchdog_feed(void);

/* Resets the board; does not return. The cause of that reset is the watchdog. */
void watchdog_reset_board(void) __attribute__((noreturn));

/* WIRE_RESET_... bits; 0 where a bootloader hid them. */
uint8_t watchdog_reset_cause(void);

#endif
