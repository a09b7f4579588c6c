"""Runs the jobs of ``meltano.yml``.

::

    project   what meltano.yml says: jobs, schedules, annotations
    check     what is wrong with it, every fault at once
    run       one job, as a process: its rows, outcomes and errors
    history   what ran before, out of Meltano's own database
    due       which schedules are due, and running them without an engine
    notify    messages about what failed, recovered or became stale
    exporter  the same for Prometheus
    service   the same by HTTP
    engine    all of it in Dagster
"""
