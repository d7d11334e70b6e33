#include "adc.h"

#include <avr/io.h>

#include "board.h"
#include "temperature.h"
#include "wire.h"

#define INPUT_REFERENCE 14 /* the internal reference, seen as an input */
#define REFERENCE_MV 1100UL
#define STEPS 1024UL

/* After a switch to it the reference needs about 1 ms; a conversion takes 104 us. The NTC's input is as quick. */
#define DISCARDED 16

static uint16_t supply_mv;
static int16_t temperature = WIRE_NO_TEMPERATURE;
static uint8_t input = INPUT_REFERENCE;
static uint8_t taken; /* conversions since the input was switched */
static uint16_t sum;

static void convert(void)
{
    ADMUX = _BV(REFS0) | input; /* relative to the supply */
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
}

void adc_start(void)
{
    convert();
}

static void finish(void)
{
    if (input == INPUT_REFERENCE) {
        supply_mv = sum ? (uint16_t)(REFERENCE_MV * STEPS * ADC_SUMMED / sum) : 0;
        input = NTC_ADC_CHANNEL;
    } else {
        temperature = temperature_of(sum);
        input = INPUT_REFERENCE;
    }
    taken = 0;
    sum = 0;
}

void adc_poll(void)
{
    if (ADCSRA & _BV(ADSC)) {
        return;
    }
    if (taken++ >= DISCARDED) {
        sum += ADC;
    }
    if (taken == DISCARDED + ADC_SUMMED) {
        finish();
    }
    convert();
}

uint16_t adc_supply_mv(void)
{
    return supply_mv;
}

int16_t adc_temperature(void)
{
    return temperature;
}
