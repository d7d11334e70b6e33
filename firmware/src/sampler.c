#include "sampler.h"

#include "board.h"
#include "channels.h"
#include "link.h"
#include "messages.h"

static sample_t sample;
static uint32_t due_us; /* when it goes out, whoever is missing */

void sampler_flush(void)
{
    if (sample.present == 0) {
        return;
    }
    uint8_t body[WIRE_SAMPLE_HEAD_BYTES + CHANNELS * WIRE_COUNT_BYTES];
    link_send(body, message_sample(&sample, CHANNELS, body));
    sample.seq++; /* also where it had to be dropped, so that the host sees the gap */
    sample.present = 0;
}

void sampler_add(uint8_t channel, int32_t counts, uint32_t now_us)
{
    uint8_t bit = 1 << channel;
    if (sample.present & bit) {
        sampler_flush();
    }
    if (sample.present == 0) {
        sample.t_us = now_us;
        due_us = now_us + channels_period_us() + channels_period_us() / 2;
    }
    sample.present |= bit;
    sample.counts[channel] = counts;
    if ((channels_live() & ~sample.present) == 0) {
        sampler_flush();
    }
}

void sampler_poll(uint32_t now_us)
{
    if (sample.present != 0 && (int32_t)(now_us - due_us) >= 0) {
        sampler_flush();
    }
}
