/* What is wired where, and at which speed: ATmega328P at 16 MHz on an Arduino Nano or a clone of it. */
#ifndef BOARD_H
#define BOARD_H

#if F_CPU != 16000000UL
#error "the board runs at 16 MHz: build it with make, which sets F_CPU"
#endif

#ifndef CHANNELS
#define CHANNELS 8 /* `make CHANNELS=4` for a board with fewer chips: channels 0 to CHANNELS-1 */
#endif
#if CHANNELS < 1 || CHANNELS > 8
#error "CHANNELS must be 1 to 8"
#endif
#define ALL_CHANNELS ((uint8_t)((1u << CHANNELS) - 1))

#define FIRMWARE_MAJOR 1
#define FIRMWARE_MINOR 0
#define FIRMWARE_PATCH 0

/* DOUT of channels 0-5: D2-D7 = PD2-PD7; of 6 and 7: D8, D9 = PB0, PB1. Inputs with pull-up. */
#define DATA_D_MASK 0xFC
#define DATA_D_FIRST 2
#define DATA_B_MASK 0x03
#define DATA_B_CHANNEL 6 /* the channel on PB0 */

/* PD_SCK of channels 0-5: A0-A5 = PC0-PC5; of 6 and 7: D10, D11 = PB2, PB3. Outputs, each with a pull-down outside. */
#define CLOCK_C_MASK 0x3F
#define CLOCK_B_MASK 0x0C
#define CLOCK_B_FIRST 2

/* RATE of all chips: D12 = PB4, high = 80 SPS. Status light: D13 = PB5. */
#define RATE_BIT 4
#define LIGHT_BIT 5

/* NTC 10 k to ground with 10 k to 5 V: A7 = ADC7. */
#define NTC_ADC_CHANNEL 7

#endif
