#include "light.h"

#include <avr/io.h>
#include <stdbool.h>

#include "board.h"
#include "channels.h"
#include "clock.h"
#include "identity.h"

#define STEP_US 100000UL
#define BEAT_STEPS 10  /* on for a second, off for a second */
#define FLASH_STEPS 4  /* two on, two off */
#define PAUSE_STEPS 12 /* after a group of flashes */

static uint32_t step_us;
static uint8_t step;

static void show(bool on)
{
    if (on) {
        PORTB |= _BV(LIGHT_BIT);
    } else {
        PORTB &= ~_BV(LIGHT_BIT);
    }
}

void light_start(void)
{
    DDRB |= _BV(LIGHT_BIT);
    show(true);
    step_us = clock_now_us();
}

static uint8_t flashes_of(uint8_t faults)
{
    uint8_t flashes = 1;
    while (!(faults & 1)) {
        faults >>= 1;
        flashes++;
    }
    return flashes;
}

/* Shows the step of a pattern that has `steps` of them, and goes on to the next. */
static void show_step(bool on, uint8_t steps)
{
    show(on);
    step = step + 1 < steps ? step + 1 : 0;
}

void light_poll(void)
{
    if (clock_now_us() - step_us < STEP_US) {
        return;
    }
    step_us += STEP_US;
    uint8_t faults = channels_faults();
    if (identity_unset()) {
        show_step(step % 2 == 0, 2);
    } else if (faults != 0) {
        uint8_t flashing = flashes_of(faults) * FLASH_STEPS;
        show_step(step < flashing && step % FLASH_STEPS < FLASH_STEPS / 2, flashing + PAUSE_STEPS);
    } else {
        show_step(step < BEAT_STEPS, 2 * BEAT_STEPS);
    }
}
