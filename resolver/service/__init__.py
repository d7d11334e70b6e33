"""The running thing: messages in, durable, acknowledged, published, shown."""

from resolver.service.running import TakenOverError, serve
from resolver.service.worker import Verdict, Worker

__all__ = ["TakenOverError", "Verdict", "Worker", "serve"]
