#include "hx711.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/delay.h>

#include "board.h"
#include "clock.h"
#include "wire.h"

#define WORD_BITS 24
#define PULSES_GAIN_128 25
#define PULSES_GAIN_64 27

/* The chip needs 0.2 us, allows 50 us and powers down after 60 us. Ours lasts about 1 us; whatever held it for longer
 * than this may have reached the chip's limit. */
#define HIGH_LIMIT_US 30

/* DOUT follows the rising edge by 0.1 us; the rest is for the cable. It is sampled after the falling edge. */
#define HIGH_US 0.5

typedef struct {
    volatile uint8_t *port;
    volatile uint8_t *pin;
    uint8_t clock;
    uint8_t data;
} lines_t;

static lines_t lines_of(uint8_t channel)
{
    lines_t lines;
    if (channel < DATA_B_CHANNEL) {
        lines.port = &PORTC;
        lines.clock = 1 << channel;
        lines.pin = &PIND;
        lines.data = 1 << (channel + DATA_D_FIRST);
    } else {
        lines.port = &PORTB;
        lines.clock = 1 << (channel - DATA_B_CHANNEL + CLOCK_B_FIRST);
        lines.pin = &PINB;
        lines.data = 1 << (channel - DATA_B_CHANNEL);
    }
    return lines;
}

void hx711_start(void)
{
    PORTC &= ~CLOCK_C_MASK;
    PORTB &= ~CLOCK_B_MASK;
    DDRC |= CLOCK_C_MASK;
    DDRB |= CLOCK_B_MASK | _BV(RATE_BIT);
    PORTD |= DATA_D_MASK;
    PORTB |= DATA_B_MASK;
}

uint8_t hx711_data_lines(void)
{
    return (PIND & DATA_D_MASK) >> DATA_D_FIRST | (PINB & DATA_B_MASK) << DATA_B_CHANNEL;
}

/* One pulse on the clock line; false where it was too long. Interrupts are masked for its length only: a stall while
 * the line is high would power the chip down, and its bits would read as ones. */
static inline bool pulse(const lines_t *lines)
{
    cli();
    uint16_t before = clock_count();
    *lines->port |= lines->clock;
    _delay_us(HIGH_US);
    *lines->port &= ~lines->clock;
    uint16_t after = clock_count();
    sei();
    return (uint16_t)(after - before) <= HIGH_LIMIT_US * CLOCK_COUNTS_PER_US;
}

static inline bool data_high(const lines_t *lines)
{
    return *lines->pin & lines->data;
}

hx711_result_t hx711_read(uint8_t channel, uint8_t gain, int32_t *counts)
{
    const lines_t lines = lines_of(channel);
    if (data_high(&lines)) {
        return HX711_NOT_READY;
    }
    uint32_t word = 0;
    for (uint8_t bit = 0; bit < WORD_BITS; bit++) {
        if (!pulse(&lines)) {
            return HX711_LATE;
        }
        word <<= 1;
        if (data_high(&lines)) {
            word |= 1;
        }
    }
    uint8_t pulses = gain == WIRE_GAIN_HIGH ? PULSES_GAIN_128 : PULSES_GAIN_64;
    bool in_step = true;
    for (uint8_t done = WORD_BITS; done < pulses; done++) {
        if (!pulse(&lines)) {
            return HX711_LATE;
        }
        in_step = in_step && data_high(&lines);
    }
    if (!in_step) {
        return HX711_OUT_OF_STEP;
    }
    *counts = (int32_t)(word << 8) >> 8;
    return HX711_SOUND;
}

/* Interrupts stay open here: the line is meant to be high for long. */
static void set_clock_lines(uint8_t mask, bool high)
{
    uint8_t c = mask & CLOCK_C_MASK;
    uint8_t b = mask >> DATA_B_CHANNEL << CLOCK_B_FIRST;
    if (high) {
        PORTC |= c;
        PORTB |= b;
    } else {
        PORTC &= ~c;
        PORTB &= ~b;
    }
}

void hx711_power_down(uint8_t mask)
{
    set_clock_lines(mask, true);
}

void hx711_wake(uint8_t mask)
{
    set_clock_lines(mask, false);
}

void hx711_set_rate(uint8_t rate)
{
    if (rate == WIRE_RATE_FAST) {
        PORTB |= _BV(RATE_BIT);
    } else {
        PORTB &= ~_BV(RATE_BIT);
    }
}
