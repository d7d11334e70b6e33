/* The board's clock: microseconds since the start, and a tick that wakes the main loop. */
#ifndef CLOCK_H
#define CLOCK_H

#include <avr/io.h>
#include <stdint.h>

#define CLOCK_TICK_US 200UL

/* Timer 1 runs freely; differences of its count measure short times, also with interrupts masked. */
#define CLOCK_COUNTS_PER_US 2
#define clock_count() (TCNT1)

void clock_start(void);

/* Microseconds since clock_start; wraps every 71.6 min. */
uint32_t clock_now_us(void);

/* Sleeps until the next tick. */
void clock_wait_tick(void);

#endif
