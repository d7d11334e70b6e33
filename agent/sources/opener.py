"""Opens whatever a port's name in the settings stands for."""

from __future__ import annotations

from agent.sources.port import Port, SerialPort

GPIO_PREFIX, IIO_PREFIX = "gpio:", "iio:"


def open_port(path: str) -> Port:
    """A serial port; `gpio:DOUT/SCK,...` the Pi's own pins; `iio:DIR,...` the kernel's own driver.

    Raises:
        PortError
    """
    if path.startswith(GPIO_PREFIX):
        from agent.sources.gpio import GpioPort  # noqa: PLC0415 # few use it

        return GpioPort(path)
    if path.startswith(IIO_PREFIX):
        from agent.sources.iio import IioPort  # noqa: PLC0415 # likewise

        return IioPort(path)
    return SerialPort(path)
