"""Simulated vendor APIs: test and try connectors without an account.

:mod:`singer_sandbox.client` starts and steers a sandbox from Python; the command ``sandbox serve``
starts one for people.
"""
