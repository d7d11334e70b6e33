#include "temperature.h"

#ifdef __AVR__
#include <avr/pgmspace.h>
#else
#define PROGMEM
#define pgm_read_word(address) (*(address))
#endif

#include "wire.h"

/* 16384 R / (R + 10 k) with R = 10 k exp(3950 (1/T - 1/298.15)), every 5 degC from -40 to +125 (a test holds it equal
 * to the formula). A straight line between two of them is off by 0.2 degC at most. */
#define FIRST_CENTI_C (-4000)
#define STEP_CENTI_C 500
static const uint16_t sums[] PROGMEM = {
    15986, 15822, 15605, 15322, 14964, 14520, 13983, 13351, 12628, 11823, 10954, 10043,
    9114,  8192,  7301,  6458,  5677,  4965,  4326,  3760,  3262,  2828,  2452,  2127,
    1847,  1606,  1399,  1221,  1068,  937,   823,   726,   641,   568,
};
#define STEPS (sizeof sums / sizeof sums[0] - 1)

int16_t temperature_of(uint16_t sum)
{
    if (sum > pgm_read_word(&sums[0])) {
        return WIRE_NO_TEMPERATURE;
    }
    uint16_t warm_end = pgm_read_word(&sums[0]);
    for (uint8_t step = 0; step < STEPS; step++) {
        uint16_t cold_end = warm_end;
        warm_end = pgm_read_word(&sums[step + 1]);
        if (sum >= warm_end) {
            uint32_t part = (uint32_t)STEP_CENTI_C * (cold_end - sum) / (cold_end - warm_end);
            return FIRST_CENTI_C + STEP_CENTI_C * step + (int16_t)part;
        }
    }
    return WIRE_NO_TEMPERATURE;
}
