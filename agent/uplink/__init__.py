"""The journal to MQTT."""
