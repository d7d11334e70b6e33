#include "identity.h"

#include <avr/eeprom.h>
#include <string.h>

#include "frame.h"

/* The id with its CRC, so that a torn write reads as no id and never as another one. */
#define ID_ADDRESS 0
#define ID_RECORD_BYTES (WIRE_BOARD_ID_BYTES + WIRE_CRC_BYTES)

/* The boot number goes round through 32 slots of three cells. A cell stands 100 000 writes, so the counter stands
 * 3.2 million starts. A slot whose check fails was being written when the power went. */
#define BOOT_ADDRESS 16
#define BOOT_SLOTS 32
#define BOOT_SLOT_BYTES 3
#define BOOT_CHECK 0xA5 /* so that erased cells are no slot */

#define UNSET 0xFF

static uint16_t boot;
static uint8_t record[ID_RECORD_BYTES];
static uint8_t record_written = ID_RECORD_BYTES; /* bytes of `record` that are in the EEPROM */

static uint8_t *address(uint16_t offset)
{
    return (uint8_t *)offset;
}

static uint16_t record_crc(const uint8_t *id)
{
    uint16_t crc = WIRE_CRC_INIT;
    for (uint8_t i = 0; i < WIRE_BOARD_ID_BYTES; i++) {
        crc = frame_crc(crc, id[i]);
    }
    return crc;
}

static uint8_t *slot_address(uint8_t slot)
{
    return address(BOOT_ADDRESS + slot * BOOT_SLOT_BYTES);
}

static bool read_slot(uint8_t slot, uint16_t *count)
{
    uint8_t cells[BOOT_SLOT_BYTES];
    eeprom_read_block(cells, slot_address(slot), sizeof cells);
    *count = cells[0] | (uint16_t)cells[1] << 8;
    return cells[2] == (cells[0] ^ cells[1] ^ BOOT_CHECK);
}

void identity_start(void)
{
    uint8_t next = 0;
    bool found = false;
    for (uint8_t slot = 0; slot < BOOT_SLOTS; slot++) {
        uint16_t count;
        if (read_slot(slot, &count) && (!found || (int16_t)(count - boot) > 0)) {
            found = true;
            boot = count;
            next = slot + 1 < BOOT_SLOTS ? slot + 1 : 0;
        }
    }
    boot++;
    uint8_t cells[BOOT_SLOT_BYTES] = {(uint8_t)boot, (uint8_t)(boot >> 8), 0};
    cells[2] = cells[0] ^ cells[1] ^ BOOT_CHECK;
    eeprom_update_block(cells, slot_address(next), sizeof cells);
    eeprom_busy_wait();
}

uint16_t identity_boot(void)
{
    return boot;
}

void identity_board_id(uint8_t *id)
{
    uint8_t stored[ID_RECORD_BYTES];
    eeprom_read_block(stored, address(ID_ADDRESS), sizeof stored);
    uint16_t crc = record_crc(stored);
    if (stored[WIRE_BOARD_ID_BYTES] == (uint8_t)crc && stored[WIRE_BOARD_ID_BYTES + 1] == (uint8_t)(crc >> 8)) {
        memcpy(id, stored, WIRE_BOARD_ID_BYTES);
    } else {
        memset(id, UNSET, WIRE_BOARD_ID_BYTES);
    }
}

bool identity_unset(void)
{
    uint8_t id[WIRE_BOARD_ID_BYTES];
    identity_board_id(id);
    if (id[0] != 0x00 && id[0] != UNSET) {
        return false;
    }
    for (uint8_t i = 1; i < WIRE_BOARD_ID_BYTES; i++) {
        if (id[i] != id[0]) {
            return false;
        }
    }
    return true;
}

void identity_write(const uint8_t *id)
{
    uint16_t crc = record_crc(id);
    memcpy(record, id, WIRE_BOARD_ID_BYTES);
    record[WIRE_BOARD_ID_BYTES] = (uint8_t)crc;
    record[WIRE_BOARD_ID_BYTES + 1] = (uint8_t)(crc >> 8);
    record_written = 0;
}

identity_write_t identity_poll(void)
{
    static bool writing;
    if (record_written < ID_RECORD_BYTES) {
        writing = true;
        if (eeprom_is_ready()) {
            eeprom_update_byte(address(ID_ADDRESS + record_written), record[record_written]);
            record_written++;
        }
        return IDENTITY_WRITING;
    }
    if (!writing) {
        return IDENTITY_IDLE;
    }
    if (!eeprom_is_ready()) {
        return IDENTITY_WRITING;
    }
    writing = false;
    uint8_t stored[ID_RECORD_BYTES];
    eeprom_read_block(stored, address(ID_ADDRESS), sizeof stored);
    return memcmp(stored, record, sizeof stored) == 0 ? IDENTITY_WRITTEN : IDENTITY_FAILED;
}
