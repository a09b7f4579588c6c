"""Singer target for Google Cloud Storage: JSONL objects per stream and day."""
