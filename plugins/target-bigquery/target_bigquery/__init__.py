"""Singer target for BigQuery: a staging table and one MERGE per flush."""
