/* The chips of the board over time: which conversions are delivered, which are dropped, who is dead and comes back. */
#ifndef CHANNELS_H
#define CHANNELS_H

#include <stdint.h>

void channels_start(void);

/* To be called at every tick, with the time: reads each chip that has become ready, and hands what is sound and settled
 * to the sampler. */
void channels_poll(uint32_t now_us);

/* To be called some hundred times a second, each time for one channel: finds the silent, wakes the dead. */
void channels_watch(void);

/* After these all chips settle anew. */
void channels_set_gain(uint8_t gain);
void channels_set_rate(uint8_t rate);
uint8_t channels_gain(void);
uint8_t channels_rate(void);
uint32_t channels_period_us(void); /* nominal */

/* Bit i: channel i counts, so a SAMPLE waits for it. */
uint8_t channels_live(void);

/* Bit i: channel i has not delivered a sound conversion for 1 s. */
uint8_t channels_faults(void);

/* Bursts of delivering channels that were thrown away; wraps. */
uint16_t channels_late_reads(void);

#endif
