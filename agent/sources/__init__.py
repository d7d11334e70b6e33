"""Where bytes come from: serial ports and recordings."""
