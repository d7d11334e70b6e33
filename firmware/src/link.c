#include "link.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "board.h"
#include "frame.h"

/* Seven SAMPLE frames of eight channels: 5 ms of the line. An 8-bit index wraps by itself. */
#define TX_SIZE 256
#define RX_SIZE 128 /* a dozen commands behind one that takes its time; a power of two */
#define RX_MASK (RX_SIZE - 1)
#define RX_AT_ONCE 32 /* bytes looked at in one call: what the line brings meanwhile, and no chip waits for long */

#define BAUD_DIVISOR (F_CPU / 16 / WIRE_BAUD - 1)
_Static_assert((BAUD_DIVISOR + 1) * 16 * WIRE_BAUD == F_CPU, "the baud rate is exact");

static volatile uint8_t tx_bytes[TX_SIZE];
static volatile uint8_t tx_head; /* next to write: main only */
static volatile uint8_t tx_tail; /* next to send: interrupt only */

static volatile uint8_t rx_bytes[RX_SIZE];
static volatile uint8_t rx_head; /* next to write: interrupt only */
static volatile uint8_t rx_tail; /* next to read: main only */

static frame_receiver_t receiver;
static uint16_t tx_dropped;

ISR(USART_UDRE_vect)
{
    uint8_t tail = tx_tail;
    UDR0 = tx_bytes[tail++];
    tx_tail = tail;
    if (tail == tx_head) {
        UCSR0B &= ~_BV(UDRIE0);
    }
}

/* A byte that finds no room is lost, and the CRC of its frame tells. */
ISR(USART_RX_vect)
{
    uint8_t byte = UDR0;
    uint8_t next = (rx_head + 1) & RX_MASK;
    if (next != rx_tail) {
        rx_bytes[rx_head] = byte;
        rx_head = next;
    }
}

void link_start(void)
{
    UBRR0 = BAUD_DIVISOR;
    UCSR0A = 0;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
    /* A reset cuts the frame short that was on its way. This ends it, so that the next one is not lost with it. */
    tx_bytes[tx_head++] = WIRE_DELIMITER;
    UCSR0B |= _BV(UDRIE0);
}

void link_send(const uint8_t *body, uint8_t length)
{
    uint8_t wire[FRAME_WIRE_MAX];
    uint8_t total = frame_seal(body, length, wire);
    uint8_t head = tx_head;
    uint8_t room = (uint8_t)(tx_tail - head - 1);
    if (room < total) {
        tx_dropped++;
        return;
    }
    for (uint8_t i = 0; i < total; i++) {
        tx_bytes[head++] = wire[i];
    }
    tx_head = head;
    UCSR0B |= _BV(UDRIE0);
}

uint8_t link_receive(const uint8_t **body)
{
    for (uint8_t taken = 0; taken < RX_AT_ONCE && rx_tail != rx_head; taken++) {
        uint8_t byte = rx_bytes[rx_tail];
        rx_tail = (rx_tail + 1) & RX_MASK;
        uint8_t length = frame_receive(&receiver, byte);
        if (length > 0) {
            *body = receiver.bytes;
            return length;
        }
    }
    return 0;
}

void link_count_rx_error(void)
{
    receiver.errors++;
}

uint16_t link_tx_dropped(void)
{
    return tx_dropped;
}

uint16_t link_rx_errors(void)
{
    return receiver.errors;
}
