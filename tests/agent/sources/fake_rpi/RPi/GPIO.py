"""RPi.GPIO over HX711s simulated bit by bit. What is wrong with a chip stands in a JSON file, read while it idles:
{"DOUT pin": {"sck": pin, "counts": n, "noise": standard deviation (optional), "fault": ""}}.

Faults: unplugged, zero, ones, minus-one, stall-high, stall-low, torn.
"""

import json
import os
import random
import time
from pathlib import Path

BCM, OUT, IN = 11, 0, 1
PERIOD_S = 1 / 80
POWER_DOWN_S, LOOK_S = 60e-6, 0.05
_FILE = Path(os.environ["SHELF_FAKE_CHIPS"])


class _Chip:
    def __init__(self, dout):
        self.dout = dout
        self.next_s = time.perf_counter() + PERIOD_S
        self.word, self.pulses, self.high_s = 0, 0, None
        self.words = 0

        self.looked_s = 0.0
        self.look()

    def look(self):
        if time.perf_counter() - self.looked_s > LOOK_S:
            self.setting = json.loads(_FILE.read_text())[str(self.dout)]
            self.looked_s = time.perf_counter()

    def clock(self, level):
        now_s = time.perf_counter()
        fault = self.setting["fault"]
        if self.pulses == 0 and now_s < self.next_s:
            return  # the 26th and 27th pulse choose gain 64
        if level:
            self.high_s = now_s
            if self.pulses == 0:
                noise = random.gauss(0.0, self.setting.get("noise", 0))
                self.word = round(self.setting["counts"] + noise) & 0xFFFFFF
                self.words += 1
                if fault == "minus-one":
                    self.word = 0xFFFFFF
                if fault == "torn" and self.words % 10 == 0:
                    self.word |= 0x3FFFFF
            self.pulses += 1
            if fault == "stall-high" and self.pulses == 9 and self.words % 8 == 0:
                time.sleep(0.02)
        else:
            if fault == "stall-low" and self.pulses == 9 and self.words % 8 == 0:
                time.sleep(0.03)
                self.word = 0x155555  # the chip's register was updated within the word
            powered_down = self.high_s is not None and now_s - self.high_s > POWER_DOWN_S
            self.high_s = None
            if powered_down:
                self.pulses, self.next_s = 0, now_s + 4 * PERIOD_S
            if self.pulses >= 25:
                self.pulses, self.next_s = 0, now_s + PERIOD_S

    def level(self):
        if not self.pulses:
            self.look()
        fault = self.setting["fault"]
        if fault == "unplugged":
            return 1  # pulled up
        if fault == "zero":
            return 0
        if fault == "ones":
            return 1
        if 1 <= self.pulses <= 24:
            return (self.word >> (24 - self.pulses)) & 1
        if self.pulses:
            return 1
        return 0 if time.perf_counter() >= self.next_s else 1


_chips, _by_sck = {}, {}


def setmode(mode):
    assert mode == BCM


def setup(pin, direction):
    if direction == IN:
        _chips[pin] = chip = _Chip(pin)
        _by_sck[chip.setting["sck"]] = chip


def output(pin, level):
    chip = _by_sck.get(pin)
    if chip is not None and (level or chip.high_s is not None):
        chip.clock(level)


def input(pin):
    return _chips[pin].level()
