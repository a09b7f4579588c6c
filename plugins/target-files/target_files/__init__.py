"""Singer target for files: one current JSONL snapshot per stream, or a DuckDB database."""
