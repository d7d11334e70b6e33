"""The judgement: the agent beside the published rules and the oracle, on the same recordings."""
