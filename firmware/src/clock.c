#include "clock.h"

#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <util/atomic.h>

#include "board.h"

#define CLOCK_PRESCALER 8
#define TICK_PRESCALER 64
#define TICK_COUNTS (CLOCK_TICK_US * (F_CPU / 1000000UL) / TICK_PRESCALER)
#define TICKED 0 /* bit of GPIOR0, which sbi and cbi reach without touching a flag of the CPU */

_Static_assert(F_CPU / CLOCK_PRESCALER == CLOCK_COUNTS_PER_US * 1000000UL, "timer 1 counts half microseconds");
_Static_assert(TICK_COUNTS >= 1 && TICK_COUNTS <= 256, "the tick fits timer 0");

#define OVERFLOW_US (0x10000UL / CLOCK_COUNTS_PER_US)

static volatile uint32_t overflown_us; /* when timer 1 was last at zero */

ISR(TIMER1_OVF_vect)
{
    overflown_us += OVERFLOW_US;
}

/* Only wakes the CPU, so that its cost is the same whatever the lines do: no chip can storm the board. */
ISR(TIMER0_COMPA_vect, ISR_NAKED)
{
    GPIOR0 |= _BV(TICKED);
    reti();
}

void clock_start(void)
{
    TCCR1A = 0;
    TCCR1B = _BV(CS11);
    TIMSK1 = _BV(TOIE1);
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01) | _BV(CS00);
    OCR0A = TICK_COUNTS - 1;
    TIMSK0 = _BV(OCIE0A);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sleep_enable();
}

uint32_t clock_now_us(void)
{
    uint16_t count;
    uint32_t base_us;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        count = TCNT1;
        base_us = overflown_us;
        if ((TIFR1 & _BV(TOV1)) && count < 0x8000) {
            base_us += OVERFLOW_US; /* it overflowed before the count was read, and the interrupt has not run yet */
        }
    }
    return base_us + count / CLOCK_COUNTS_PER_US;
}

void clock_wait_tick(void)
{
    for (;;) {
        cli();
        if (GPIOR0 & _BV(TICKED)) {
            break;
        }
        sei(); /* takes effect after the next instruction, so a tick cannot slip in between */
        sleep_cpu();
    }
    GPIOR0 &= ~_BV(TICKED);
    sei();
}
