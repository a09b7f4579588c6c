"""Takes webhooks in, durably, and lets others read them in order.

::

    signatures  who sent a body, by vendor
    inbox       the table of what came, SQLite or Postgres
    app         the receiver: an ASGI app
    registration  webhooks at their vendor: listed, made, repaired, deleted
    settings    the file that says who sends
"""
