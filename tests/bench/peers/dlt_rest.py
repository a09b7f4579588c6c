"""dlt's REST source into JSONL files, as its documentation has it."""

from __future__ import annotations

import json
import sys

import dlt
from dlt.sources.rest_api import rest_api_source

if __name__ == "__main__":
    config_path, folder = sys.argv[1:]
    with open(config_path, encoding="utf-8") as file:  # noqa: PTH123 - as short as it gets
        config = json.load(file)
    source = rest_api_source(
        {
            "client": {
                "base_url": config["api_url"],
                "auth": {"type": "bearer", "token": config["access_token"]},
                "headers": {
                    "Harvest-Account-Id": str(config["account_id"]),
                    "User-Agent": "dlt (data@example.com)",
                },
                "paginator": {"type": "json_link", "next_url_path": "links.next"},
            },
            "resources": [
                {
                    "name": "time_entries",
                    "primary_key": "id",
                    "endpoint": {"path": "time_entries", "data_selector": "time_entries"},
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=folder + "/dlt",
        destination=dlt.destinations.filesystem("file://" + folder + "/files"),
        dataset_name="harvest",
    )
    pipeline.run(source, loader_file_format="jsonl")
