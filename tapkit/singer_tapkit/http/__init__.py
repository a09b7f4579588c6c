"""Talk to one vendor with one credential: verdicts, retry, rate limit, redaction."""

from singer_tapkit.http.client import Answer, Call, Client, Credential, Usage, current_usage
from singer_tapkit.http.limits import Limiter
from singer_tapkit.http.retry import RetryPolicy
from singer_tapkit.http.verdicts import Action, Rule, Verdict, judge

__all__ = [
    "Action",
    "Answer",
    "Call",
    "Client",
    "Credential",
    "Limiter",
    "RetryPolicy",
    "Rule",
    "Usage",
    "Verdict",
    "current_usage",
    "judge",
]
