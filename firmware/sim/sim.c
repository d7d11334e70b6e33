#include "sim.h"

#include <elf.h>
#include <simavr/avr_adc.h>
#include <simavr/avr_eeprom.h>
#include <simavr/sim_elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define CPU "atmega328p"
#define FREQUENCY_HZ (1000000u * CYCLES_PER_US)

/* Addresses of the ATmega328P. */
#define RAM_START 0x100
#define RAM_END 0x8FF
#define MCUSR_ADDRESS 0x54
#define RESET_EXTERNAL 0x02
#define STACK_PAINT 0xC5

static void quiet_logger(struct avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr;
    if (level == LOG_ERROR) {
        vfprintf(stderr, format, arguments);
    }
}

static void on_sleep(avr_t *avr, avr_cycle_count_t cycles)
{
    ((sim_t *)avr->custom.data)->asleep += cycles + 1;
}

/* simavr takes any ELF file, and falls over it. */
static bool is_avr_elf(const char *path)
{
    Elf32_Ehdr header;
    FILE *file = fopen(path, "rb");
    bool whole = file && fread(&header, sizeof header, 1, file) == 1;
    if (file) {
        fclose(file);
    }
    return whole && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_machine == EM_AVR;
}

sim_t *sim_new(const char *elf, uint64_t seed, double spread)
{
    elf_firmware_t firmware = {0};
    avr_global_logger_set(quiet_logger);
    if (!is_avr_elf(elf) || elf_read_firmware(elf, &firmware) != 0) {
        return NULL;
    }
    sim_t *sim = calloc(1, sizeof *sim);
    sim->avr = avr_make_mcu_by_name(CPU);
    if (!sim->avr) {
        free(sim);
        return NULL;
    }
    avr_init(sim->avr);
    sim->avr->custom.data = sim;
    sim->avr->sleep = on_sleep;
    sim->avr->frequency = FREQUENCY_HZ;
    sim->run = sim->avr->run;
    firmware.frequency = FREQUENCY_HZ;
    avr_load_firmware(sim->avr, &firmware);
    sim->flash_bytes = firmware.flashsize;
    sim->static_bytes = firmware.datasize + firmware.bsssize;
    memset(sim->avr->data + RAM_START, STACK_PAINT, RAM_END - RAM_START + 1);
    sim_set_analog(sim, 5000, 5000);
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        chip_init(&sim->chips[channel], channel, seed, spread, 0);
    }
    wire_up(sim);
    sim->stop_at = NEVER;
    pty_init(&sim->pty);
    after_reset(sim);
    return sim;
}

void sim_free(sim_t *sim)
{
    pty_close(&sim->pty);
    avr_terminate(sim->avr);
    free(sim->avr);
    bytes_free(&sim->from_board);
    bytes_free(&sim->to_board);
    bytes_free(&sim->conversions);
    free(sim);
}

bool sim_run(sim_t *sim, uint64_t us)
{
    avr_t *avr = sim->avr;
    uint64_t end = avr->cycle + us * CYCLES_PER_US;
    sim->stop_at = end;
    arm(sim, end);
    while (avr->cycle < end) {
        bool resetting = avr->run != sim->run;
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            return false;
        }
        if (resetting) {
            sim->resets++;
            sim->reset_at = avr->cycle;
            after_reset(sim);
        }
    }
    sim->stop_at = NEVER;
    return true;
}

uint64_t sim_cycles(const sim_t *sim)
{
    return sim->avr->cycle;
}

void sim_reset(sim_t *sim)
{
    avr_reset(sim->avr);
    sim->avr->data[MCUSR_ADDRESS] = RESET_EXTERNAL;
    after_reset(sim);
}

void sim_start_from_optiboot(sim_t *sim, uint8_t reset_flags)
{
    sim->avr->data[2] = reset_flags;
    sim->avr->data[MCUSR_ADDRESS] = 0;
}

size_t sim_uart_read(sim_t *sim, uint8_t *to, size_t room)
{
    return bytes_take(&sim->from_board, to, room);
}

void sim_uart_write(sim_t *sim, const uint8_t *bytes, size_t count)
{
    bytes_put(&sim->to_board, bytes, count);
    arm(sim, sim->uart_next);
}

size_t sim_conversions(sim_t *sim, conversion_t *to, size_t room)
{
    return bytes_take(&sim->conversions, to, room * sizeof *to) / sizeof *to;
}

const chip_t *sim_chip(const sim_t *sim, unsigned channel)
{
    return &sim->chips[channel];
}

static void changed(sim_t *sim, unsigned channel)
{
    drive_data(sim, channel);
    arm(sim, next_event(sim));
}

void sim_set_fault(sim_t *sim, unsigned channel, int fault)
{
    chip_set_fault(&sim->chips[channel], (wire_fault_t)fault, sim->avr->cycle);
    changed(sim, channel);
}

void sim_set_target(sim_t *sim, unsigned channel, int32_t counts)
{
    sim->chips[channel].follows_target = true;
    sim->chips[channel].target = counts;
}

void sim_set_rates(sim_t *sim, unsigned channel, double fast_hz, double slow_hz)
{
    sim->chips[channel].rate_fast_hz = fast_hz;
    sim->chips[channel].rate_slow_hz = slow_hz;
}

void sim_set_silent_while_settling(sim_t *sim, bool silent)
{
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        sim->chips[channel].silent_while_settling = silent;
    }
}

void sim_set_rate_wired(sim_t *sim, bool wired)
{
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        sim->chips[channel].rate_wired = wired;
    }
}

void sim_lose_pulses(sim_t *sim, unsigned channel, unsigned pulses)
{
    sim->chips[channel].lose_pulses = pulses;
}

void sim_noise(sim_t *sim, unsigned channel, uint64_t us)
{
    sim->chips[channel].noise_until = sim->avr->cycle + us * CYCLES_PER_US;
    changed(sim, channel);
}

void sim_chip_stats(const sim_t *sim, unsigned channel, chip_stats_t *to)
{
    *to = sim->chips[channel].stats;
}

void sim_stall(sim_t *sim, unsigned channel, uint64_t us, unsigned pulses, bool high)
{
    sim->stalls[channel] = (stall_t){us * CYCLES_PER_US, pulses, high};
}

void sim_ram_set(sim_t *sim, uint16_t address, const uint8_t *from, size_t count)
{
    memcpy(sim->avr->data + address, from, count);
}

void sim_set_analog(sim_t *sim, uint32_t supply_mv, uint32_t ntc_mv)
{
    sim->avr->vcc = sim->avr->avcc = sim->avr->aref = supply_mv;
    avr_raise_irq(avr_io_getirq(sim->avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC7), ntc_mv);
}

void sim_eeprom_get(sim_t *sim, uint16_t offset, uint8_t *to, size_t count)
{
    avr_eeprom_desc_t cells = {.ee = to, .offset = offset, .size = (uint32_t)count};
    avr_ioctl(sim->avr, AVR_IOCTL_EEPROM_GET, &cells);
}

void sim_eeprom_set(sim_t *sim, uint16_t offset, const uint8_t *from, size_t count)
{
    avr_eeprom_desc_t cells = {.ee = (uint8_t *)from, .offset = offset, .size = (uint32_t)count};
    avr_ioctl(sim->avr, AVR_IOCTL_EEPROM_SET, &cells);
}

static uint32_t stack_bytes(const sim_t *sim)
{
    /* Behind the variables comes what was never touched, then the stack. */
    uint32_t address = RAM_START + sim->static_bytes + 8;
    while (address <= RAM_END && sim->avr->data[address] == STACK_PAINT) {
        address++;
    }
    return RAM_END + 1 - address;
}

static bool level(const sim_t *sim, pin_t pin)
{
    return sim->avr->data[sim->ports[(int)pin.port]->r_port] >> pin.bit & 1;
}

static uint8_t pull_ups(const sim_t *sim)
{
    uint8_t mask = 0;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        mask |= pulled_up(sim, data_pins[channel]) << channel;
    }
    return mask;
}

void sim_get_stats(sim_t *sim, sim_stats_t *to)
{
    *to = (sim_stats_t){
        .cycles = sim->avr->cycle,
        .asleep = sim->asleep,
        .resets = sim->resets,
        .reset_at = sim->reset_at,
        .uart_overrun = sim->uart_overrun,
        .stack_bytes = stack_bytes(sim),
        .static_bytes = sim->static_bytes,
        .flash_bytes = sim->flash_bytes,
        .light = level(sim, light_pin),
        .rate = level(sim, rate_pin),
        .pulled_up = pull_ups(sim),
        .crashed = sim->avr->state == cpu_Crashed || sim->avr->state == cpu_Done,
    };
}

const char *sim_pty_open(sim_t *sim)
{
    return pty_open(&sim->pty);
}

bool sim_pty_pump(sim_t *sim)
{
    uint8_t chunk[4096];
    size_t count = pty_read(&sim->pty, chunk, sizeof chunk);
    if (count > 0) {
        sim_uart_write(sim, chunk, count);
    }
    while ((count = sim_uart_read(sim, chunk, sizeof chunk)) > 0) {
        pty_write(&sim->pty, chunk, count);
    }
    return pty_in_use(&sim->pty);
}
