"""The demo: a virtual shop, the real agent, a broker, the resolver; every receipt beside what was truly taken."""
