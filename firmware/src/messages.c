#include "messages.h"

#include <string.h>

static uint8_t *put_u16(uint8_t *to, uint16_t value)
{
    *to++ = (uint8_t)value;
    *to++ = (uint8_t)(value >> 8);
    return to;
}

static uint8_t *put_u32(uint8_t *to, uint32_t value)
{
    to = put_u16(to, (uint16_t)value);
    return put_u16(to, (uint16_t)(value >> 16));
}

static uint8_t *put_i24(uint8_t *to, int32_t value)
{
    to = put_u16(to, (uint16_t)value);
    *to++ = (uint8_t)(value >> 16);
    return to;
}

uint8_t message_hello(const hello_t *hello, uint8_t *body)
{
    uint8_t *to = body;
    *to++ = WIRE_HELLO;
    *to++ = WIRE_PROTOCOL;
    memcpy(to, hello->board_id, WIRE_BOARD_ID_BYTES);
    to += WIRE_BOARD_ID_BYTES;
    memcpy(to, hello->firmware, sizeof hello->firmware);
    to += sizeof hello->firmware;
    *to++ = hello->channels;
    *to++ = hello->gain;
    *to++ = hello->rate;
    *to++ = hello->reset_cause;
    to = put_u16(to, hello->boot);
    return (uint8_t)(to - body);
}

uint8_t message_sample(const sample_t *sample, uint8_t channels, uint8_t *body)
{
    uint8_t *to = body;
    *to++ = WIRE_SAMPLE;
    to = put_u16(to, sample->seq);
    to = put_u32(to, sample->t_us);
    *to++ = sample->present;
    for (uint8_t channel = 0; channel < channels; channel++) {
        to = put_i24(to, sample->present >> channel & 1 ? sample->counts[channel] : 0);
    }
    return (uint8_t)(to - body);
}

uint8_t message_status(const status_t *status, uint8_t *body)
{
    uint8_t *to = body;
    *to++ = WIRE_STATUS;
    to = put_u32(to, status->uptime_s);
    to = put_u16(to, (uint16_t)status->temperature);
    to = put_u16(to, status->supply_mv);
    to = put_u16(to, status->late_reads);
    to = put_u16(to, status->tx_dropped);
    to = put_u16(to, status->rx_errors);
    *to++ = status->faults;
    return (uint8_t)(to - body);
}

uint8_t message_reply(uint8_t command, uint8_t result, uint8_t *body)
{
    body[0] = WIRE_REPLY;
    body[1] = command;
    body[2] = result;
    return WIRE_REPLY_BYTES;
}
