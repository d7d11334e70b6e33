/* One HX711: its lines, and the reading of one conversion from it. Every chip has its own clock line. */
#ifndef HX711_H
#define HX711_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    HX711_SOUND,       /* `counts` holds the conversion */
    HX711_NOT_READY,   /* DOUT was high again: a spike, no conversion; nothing was clocked */
    HX711_LATE,        /* PD_SCK was high too long: the chip may have powered down */
    HX711_OUT_OF_STEP, /* DOUT was not high after the last bit: what was read is not a word of this chip */
} hx711_result_t;

void hx711_start(void);

/* Bit i: DOUT of channel i. Low means that a conversion is ready. */
uint8_t hx711_data_lines(void);

/* Reads the conversion that is ready, and selects the gain (128 or 64) of those that follow. */
hx711_result_t hx711_read(uint8_t channel, uint8_t gain, int32_t *counts);

/* Power-down of the channels in `mask` after HX711_POWER_DOWN_US; the wake-up resets them to gain 128. */
#define HX711_POWER_DOWN_US 100
void hx711_power_down(uint8_t mask);
void hx711_wake(uint8_t mask);

/* The RATE line of all chips: 80 or 10 samples a second. */
void hx711_set_rate(uint8_t rate);

#endif
