/* Linked beside the firmware: an interrupt that is not ours takes 100 us of every 500. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/delay.h>

#define EVERY_US 500
#define LASTS_US 100
#define COUNTS_PER_MS (F_CPU / 64 / 1000)

ISR(TIMER2_COMPA_vect)
{
    _delay_us(LASTS_US);
}

static void __attribute__((constructor)) start_foreign_timer(void)
{
    TCCR2A = _BV(WGM21);
    OCR2A = COUNTS_PER_MS * EVERY_US / 1000 - 1;
    TIMSK2 = _BV(OCIE2A);
    TCCR2B = _BV(CS22); /* F_CPU / 64 */
}
