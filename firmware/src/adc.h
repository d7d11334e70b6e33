/* Supply and temperature, measured in turns in the background, a few times a second. */
#ifndef ADC_H
#define ADC_H

#include <stdint.h>

#define ADC_SUMMED 16 /* conversions of 10 bits that make up one reading of 14 */

void adc_start(void);

/* To be called often; takes up a conversion where one has finished. */
void adc_poll(void);

/* Supply in mV, from the internal reference of 1.1 V (+-10 % from part to part); 0 before the first measurement. */
uint16_t adc_supply_mv(void);

/* Temperature in 0.01 degC; WIRE_NO_TEMPERATURE without a sensor. */
int16_t adc_temperature(void);

#endif
