"""The operator at the shelf: plates read live from their port, orders to a running agent, the machine's own health."""
