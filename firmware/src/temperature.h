/* From the voltage at the NTC to degrees. Pure: compiled for the host too. */
#ifndef TEMPERATURE_H
#define TEMPERATURE_H

#include <stdint.h>

/* `sum`: what the NTC (to ground) leaves of the supply behind 10 k, in 1/16384.
 * Gives 0.01 degC, or WIRE_NO_TEMPERATURE where the line is open or shorted: outside -40 to +125 degC. */
int16_t temperature_of(uint16_t sum);

#endif
