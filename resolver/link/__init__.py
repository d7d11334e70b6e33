"""MQTT: the resolver's way in and out."""

from resolver.link.mqtt import Address, Incoming, Link

__all__ = ["Address", "Incoming", "Link"]
