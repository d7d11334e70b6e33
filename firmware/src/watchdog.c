#include "watchdog.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>

#include "wire.h"

#define CAUSES (WIRE_RESET_POWER_ON | WIRE_RESET_EXTERNAL | WIRE_RESET_BROWN_OUT | WIRE_RESET_WATCHDOG)

_Static_assert(WIRE_RESET_POWER_ON == _BV(PORF) && WIRE_RESET_EXTERNAL == _BV(EXTRF) &&
                   WIRE_RESET_BROWN_OUT == _BV(BORF) && WIRE_RESET_WATCHDOG == _BV(WDRF),
               "the contract's bits are those of MCUSR");

/* Written before the start-up code clears the variables, so it is none of those. */
static volatile uint8_t flags __attribute__((section(".noinit")));
static volatile uint8_t flags_of_optiboot __attribute__((section(".noinit")));

/* Runs before anything else in C: after a watchdog reset the watchdog goes on at 16 ms until it is switched off, which
 * it can only be once WDRF is cleared. Optiboot clears MCUSR itself and leaves what it held in r2. */
void watchdog_first(void) __attribute__((naked, used, section(".init3")));
void watchdog_first(void)
{
    __asm__ __volatile__("sts %0, r2" : "=m"(flags_of_optiboot));
    flags = MCUSR;
    MCUSR = 0;
    wdt_disable();
}

void watchdog_start(void)
{
    wdt_enable(WDTO_500MS);
}

void watchdog_feed(void)
{
    wdt_reset();
}

void watchdog_reset_board(void)
{
    cli();
    wdt_enable(WDTO_15MS);
    for (;;) {
    }
}

uint8_t watchdog_reset_cause(void)
{
    if (flags & CAUSES) {
        return flags & CAUSES;
    }
    /* Without a bootloader r2 is whatever it was; with one it has no bits beside the causes. */
    return (flags_of_optiboot & (uint8_t)~CAUSES) == 0 ? flags_of_optiboot : 0;
}
