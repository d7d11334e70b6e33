#include "sim.h"

#include <elf.h>
#include <simavr/avr_adc.h>
#include <simavr/avr_eeprom.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "pty.h"

DEFINE_FIFO(uint16_t, uart_fifo);

#define CPU "atmega328p"
#define FREQUENCY_HZ (1000000u * CYCLES_PER_US)
#define RUN_LIMIT_CYCLES 16000 /* instructions in a row between two timers of the simulator */

/* simavr counts a parity bit that 8N1 has not. */
#define BYTE_CYCLES 320
/* A byte waits while the UART's two-byte buffer and its shift register are full; the next is lost. */
#define UART_HOLDS 3
#define EEPROM_WRITE_CYCLES (3400u * CYCLES_PER_US)

/* Addresses of the ATmega328P. */
#define RAM_START 0x100
#define RAM_END 0x8FF
#define MCUSR_ADDRESS 0x54
#define EECR_ADDRESS 0x3F
#define EECR_EEPE 0x02
#define EECR_EEMPE 0x04
#define RESET_EXTERNAL 0x02
#define STACK_PAINT 0xC5

typedef struct {
    char port;
    uint8_t bit;
} pin_t;

static const pin_t data_pins[SIM_CHIPS] = {{'D', 2}, {'D', 3}, {'D', 4}, {'D', 5}, {'D', 6}, {'D', 7}, {'B', 0}, {'B', 1}};
static const pin_t clock_pins[SIM_CHIPS] = {{'C', 0}, {'C', 1}, {'C', 2}, {'C', 3}, {'C', 4}, {'C', 5}, {'B', 2}, {'B', 3}};
static const pin_t rate_pin = {'B', 4};
static const pin_t light_pin = {'B', 5};

typedef struct {
    sim_t *sim;
    unsigned channel;
} clock_wire_t;

typedef struct {
    uint64_t cycles; /* 0: none to come */
    unsigned pulses;
    bool high;
} stall_t;

struct sim {
    avr_t *avr;
    avr_run_t run; /* simavr's own; another one stands there while a watchdog reset is due */
    avr_ioport_t *ports['D' + 1];
    avr_uart_t *uart;
    chip_t chips[SIM_CHIPS];
    clock_wire_t clock_wires[SIM_CHIPS];
    stall_t stalls[SIM_CHIPS];
    uint64_t stop_at;
    uint64_t armed_for; /* when the simulator calls us back next */
    uint64_t asleep;
    uint64_t uart_next; /* when the next byte may reach the board */
    bytes_t from_board, to_board, conversions;
    avr_io_write_t eecr_write;
    void *eecr_parameter;
    uint32_t static_bytes, flash_bytes;
    uint32_t resets, uart_overrun;
    uint64_t reset_at;
    pty_t pty;
};

static void quiet_logger(struct avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr;
    if (level == LOG_ERROR) {
        vfprintf(stderr, format, arguments);
    }
}

/* ---- pins ---------------------------------------------------------------------------------------------------- */

static bool pulled_up(const sim_t *sim, pin_t pin)
{
    const avr_ioport_t *port = sim->ports[(int)pin.port];
    uint8_t mask = 1 << pin.bit;
    return !(sim->avr->data[port->r_ddr] & mask) && (sim->avr->data[port->r_port] & mask);
}

/* Drives a data line. The external value has to be told too, or simavr lets the pull-up win at the next write to PORT. */
static void drive_data(sim_t *sim, unsigned channel)
{
    pin_t pin = data_pins[channel];
    avr_ioport_t *port = sim->ports[(int)pin.port];
    uint8_t mask = 1 << pin.bit;
    bool high = chip_data(&sim->chips[channel], pulled_up(sim, pin), sim->avr->cycle);
    port->external.pull_mask |= mask;
    port->external.pull_value = high ? port->external.pull_value | mask : port->external.pull_value & ~mask;
    avr_raise_irq(port->io.irq + pin.bit, high);
    uint8_t *input = &sim->avr->data[port->r_pin]; /* a reset clears it behind the filter of the irq */
    *input = high ? *input | mask : *input & ~mask;
}

/* ---- events -------------------------------------------------------------------------------------------------- */

static avr_cycle_count_t on_time(struct avr_t *avr, avr_cycle_count_t when, void *parameter);

static void arm(sim_t *sim, uint64_t when)
{
    if (when < sim->armed_for) {
        uint64_t now = sim->avr->cycle;
        sim->armed_for = when;
        avr_cycle_timer_register(sim->avr, when > now ? when - now : 1, on_time, sim);
    }
}

static void feed_uart(sim_t *sim, uint64_t now)
{
    if (sim->to_board.count == 0 || now < sim->uart_next) {
        return;
    }
    sim->uart_next = now + BYTE_CYCLES;
    uint8_t byte;
    bytes_take(&sim->to_board, &byte, 1);
    if (uart_fifo_get_read_size(&sim->uart->input) >= UART_HOLDS) {
        sim->uart_overrun++;
    } else {
        avr_raise_irq(sim->uart->io.irq + UART_IRQ_INPUT, byte);
    }
}

static uint64_t next_event(const sim_t *sim)
{
    uint64_t next = sim->stop_at;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        uint64_t event = chip_next_event(&sim->chips[channel]);
        next = event < next ? event : next;
    }
    if (sim->to_board.count > 0 && sim->uart_next < next) {
        next = sim->uart_next;
    }
    return next;
}

static avr_cycle_count_t on_time(struct avr_t *avr, avr_cycle_count_t when, void *parameter)
{
    (void)when;
    sim_t *sim = parameter;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        chip_t *chip = &sim->chips[channel];
        if (chip_next_event(chip) <= avr->cycle) {
            if (chip_advance(chip, avr->cycle)) {
                bytes_put(&sim->conversions, &chip->last, sizeof chip->last);
            }
            drive_data(sim, channel);
        }
    }
    feed_uart(sim, avr->cycle);
    sim->uart->cycles_per_byte = BYTE_CYCLES;
    uint64_t next = next_event(sim);
    if (next <= avr->cycle) {
        next = avr->cycle + 1;
    }
    sim->armed_for = next;
    return next;
}

static void on_clock(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    const clock_wire_t *wire = parameter;
    sim_t *sim = wire->sim;
    chip_t *chip = &sim->chips[wire->channel];
    chip_set_clock(chip, value & 1, sim->avr->cycle);
    drive_data(sim, wire->channel);
    stall_t *stall = &sim->stalls[wire->channel];
    if (stall->cycles > 0 && (value & 1) == stall->high && stall->pulses-- == 0) {
        sim->avr->cycle += stall->cycles;
        stall->cycles = 0;
    }
    arm(sim, chip_next_event(chip));
}

static void on_rate(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    sim_t *sim = parameter;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        chip_set_rate(&sim->chips[channel], value & 1, sim->avr->cycle);
    }
    arm(sim, next_event(sim));
}

static void on_uart_output(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    sim_t *sim = parameter;
    uint8_t byte = (uint8_t)value;
    bytes_put(&sim->from_board, &byte, 1);
}

static void on_sleep(avr_t *avr, avr_cycle_count_t cycles)
{
    ((sim_t *)avr->custom.data)->asleep += cycles + 1;
}

/* ---- EEPROM: simavr writes at once, a real one is busy for 3.4 ms -------------------------------------------- */

static avr_cycle_count_t eeprom_done(struct avr_t *avr, avr_cycle_count_t when, void *parameter)
{
    (void)when, (void)parameter;
    avr->data[EECR_ADDRESS] &= ~EECR_EEPE;
    return 0;
}

static void on_eecr(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
    sim_t *sim = parameter;
    bool begins = (avr->data[EECR_ADDRESS] & EECR_EEMPE) && (value & EECR_EEPE);
    sim->eecr_write(avr, address, value, sim->eecr_parameter);
    if (begins) {
        avr->data[EECR_ADDRESS] |= EECR_EEPE;
        avr_cycle_timer_register(avr, EEPROM_WRITE_CYCLES, eeprom_done, sim);
    }
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void find_parts(sim_t *sim)
{
    for (avr_io_t *io = sim->avr->io_port; io; io = io->next) {
        if (strcmp(io->kind, "port") == 0) {
            avr_ioport_t *port = (avr_ioport_t *)io;
            sim->ports[(int)port->name] = port;
        } else if (strcmp(io->kind, "uart") == 0) {
            sim->uart = (avr_uart_t *)io;
        }
    }
}

/* A pull-down on every clock line, so that a board in reset lets the chips be. */
static void pull_clocks_down(sim_t *sim)
{
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        avr_ioport_t *port = sim->ports[(int)clock_pins[channel].port];
        port->external.pull_mask |= 1 << clock_pins[channel].bit;
        port->external.pull_value &= ~(1 << clock_pins[channel].bit);
    }
}

static void wire_up(sim_t *sim)
{
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        pin_t pin = clock_pins[channel];
        sim->clock_wires[channel] = (clock_wire_t){sim, channel};
        avr_irq_register_notify(sim->ports[(int)pin.port]->io.irq + pin.bit, on_clock, &sim->clock_wires[channel]);
    }
    avr_irq_register_notify(sim->ports[(int)rate_pin.port]->io.irq + rate_pin.bit, on_rate, sim);
    avr_irq_register_notify(sim->uart->io.irq + UART_IRQ_OUTPUT, on_uart_output, sim);
    uint32_t flags = 0; /* no echo on the console, no waiting */
    avr_ioctl(sim->avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_extint_set_strict_lvl_trig(sim->avr, 0, 0); /* or PD2 and PD3 are polled every cycle while they are low */
    avr_extint_set_strict_lvl_trig(sim->avr, 1, 0);
    sim->eecr_write = sim->avr->io[AVR_DATA_TO_IO(EECR_ADDRESS)].w.c;
    sim->eecr_parameter = sim->avr->io[AVR_DATA_TO_IO(EECR_ADDRESS)].w.param;
    sim->avr->io[AVR_DATA_TO_IO(EECR_ADDRESS)].w.c = on_eecr;
    sim->avr->io[AVR_DATA_TO_IO(EECR_ADDRESS)].w.param = sim;
}

/* What a reset of simavr's forgets: its timers, and the levels on the pins. */
static void after_reset(sim_t *sim)
{
    sim->avr->run_cycle_limit = RUN_LIMIT_CYCLES;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        pin_t pin = clock_pins[channel];
        avr_raise_irq(sim->ports[(int)pin.port]->io.irq + pin.bit, 0);
        drive_data(sim, channel);
    }
    sim->armed_for = NEVER;
    arm(sim, next_event(sim));
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
    find_parts(sim);
    pull_clocks_down(sim);
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

/* ---- what a test sets and asks ------------------------------------------------------------------------------- */

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
