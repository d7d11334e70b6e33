#include "frame.h"

uint16_t frame_crc(uint16_t crc, uint8_t byte)
{
    /* The polynomial 0x1021 a byte at a time, without a table. */
    uint8_t x = (uint8_t)(crc >> 8) ^ byte;
    x ^= x >> 4;
    return (uint16_t)((crc << 8) ^ ((uint16_t)x << 12) ^ ((uint16_t)x << 5) ^ x);
}

/* Where COBS stuffing stands: the code byte of the running block is filled in when the block ends. */
typedef struct {
    uint8_t *wire;
    uint8_t end;
    uint8_t code;
} stuffing_t;

static void stuff(stuffing_t *s, uint8_t byte)
{
    /* A frame has fewer than 254 bytes, so a block never ends but at a zero. */
    if (byte != WIRE_DELIMITER) {
        s->wire[s->end++] = byte;
        return;
    }
    s->wire[s->code] = s->end - s->code;
    s->code = s->end++;
}

uint8_t frame_seal(const uint8_t *body, uint8_t length, uint8_t *wire)
{
    stuffing_t s = {.wire = wire, .end = 1, .code = 0};
    uint16_t crc = WIRE_CRC_INIT;
    for (uint8_t i = 0; i < length; i++) {
        crc = frame_crc(crc, body[i]);
        stuff(&s, body[i]);
    }
    stuff(&s, (uint8_t)crc);
    stuff(&s, (uint8_t)(crc >> 8));
    wire[s.code] = s.end - s.code;
    wire[s.end++] = WIRE_DELIMITER;
    return s.end;
}

/* Undoes COBS in place; gives the length, 0 where a code is none or points past the end. */
static uint8_t unstuff(uint8_t *bytes, uint8_t length)
{
    uint8_t from = 0;
    uint8_t to = 0;
    while (from < length) {
        uint8_t code = bytes[from++];
        if (code == WIRE_DELIMITER || code - 1 > length - from) {
            return 0;
        }
        for (uint8_t i = 1; i < code; i++) {
            bytes[to++] = bytes[from++];
        }
        if (from < length) {
            bytes[to++] = WIRE_DELIMITER;
        }
    }
    return to;
}

uint8_t frame_open(uint8_t *bytes, uint8_t length)
{
    uint8_t sealed = unstuff(bytes, length);
    if (sealed <= WIRE_CRC_BYTES) {
        return 0;
    }
    uint8_t body = sealed - WIRE_CRC_BYTES;
    uint16_t crc = WIRE_CRC_INIT;
    for (uint8_t i = 0; i < body; i++) {
        crc = frame_crc(crc, bytes[i]);
    }
    uint16_t sent = bytes[body] | (uint16_t)bytes[body + 1] << 8;
    return crc == sent ? body : 0;
}

uint8_t frame_receive(frame_receiver_t *receiver, uint8_t byte)
{
    if (byte != WIRE_DELIMITER) {
        if (receiver->length < sizeof receiver->bytes) {
            receiver->bytes[receiver->length] = byte;
        }
        if (++receiver->length >= WIRE_SILENCE_MAX) {
            receiver->errors++;
            receiver->length = 0;
            receiver->discarding = true;
        }
        return 0;
    }
    uint8_t length = receiver->length;
    bool counts = receiver->joined;
    bool discard = receiver->discarding;
    receiver->length = 0;
    receiver->joined = true;
    receiver->discarding = false;
    if (length == 0 || discard) {
        return 0;
    }
    uint8_t body = length <= sizeof receiver->bytes ? frame_open(receiver->bytes, length) : 0;
    if (body == 0 && counts) {
        receiver->errors++;
    }
    return body;
}
