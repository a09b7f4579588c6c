"""Runs the jobs of ``meltano.yml``.

::

    project   what meltano.yml says: jobs, schedules, annotations
    check     what is wrong with it, every fault at once
    run       one job, as a process: its rows, outcomes and errors
    history   what ran before, out of Meltano's own database
    due       which schedules are due, and running them without an engine
    status    how each job is doing: failures, stale data, expected ends
    notify    messages about that
    exporter  the same for Prometheus
    service   jobs by HTTP; `starting` starts them, here or in Dagster
    engine    all of it in Dagster; `home` writes its settings, `tags` names its tags
"""
