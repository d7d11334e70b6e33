"""Events and state, durable."""
