"""Singer mapper for work data: rename, drop, hash, local times, lookups, one canonical stream."""
