/* Puts conversions of chips that run at their own rates together into SAMPLE frames; none is lost on the way. */
#ifndef SAMPLER_H
#define SAMPLER_H

#include <stdint.h>

/* One sound conversion of a channel, read at `now_us`. */
void sampler_add(uint8_t channel, int32_t counts, uint32_t now_us);

/* To be called at every tick, with the time: sends what has waited too long for the others. */
void sampler_poll(uint32_t now_us);

/* Sends what is there. */
void sampler_flush(void);

#endif
