"""How fast, how light, how soon: the agent as a process on recordings and on boards in real time."""
