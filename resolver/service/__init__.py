"""The running thing: messages in, durable, acknowledged, published, shown."""

from resolver.service.running import LinkFailedError, TakenOverError, serve
from resolver.service.worker import Verdict, Worker

__all__ = ["LinkFailedError", "TakenOverError", "Verdict", "Worker", "serve"]
