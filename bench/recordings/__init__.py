"""Cases on disk: recording.mcap, store.toml, truth.json, presence.json."""
