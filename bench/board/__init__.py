"""Virtual boards in real time: the physics as time goes on, the serial contract, pseudo-terminals."""
