"""The one shape that all HR systems are brought into.

Names follow what unified HR APIs have in common: ``remote_id`` is the source's own id, ``*_id``
are ids as this tap writes them, ``*_raw`` is what the source said where a fixed list of values was
made of it. A key is ``{source_system}:{source_instance}:{remote_id}``, so that several systems can
share a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th
from singer_tapkit.deletions import DELETED_AT, DELETED_AT_SCHEMA
from singer_tapkit.schema import (
    Pii,
    day,
    embedded,
    field,
    flag,
    instant,
    integer,
    number,
    record,
    several,
    text,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN: Final = "UNKNOWN"
"""In place of a value that no mapping knows; what the source said is beside it."""

EMPLOYMENT_STATUSES: Final = ("ACTIVE", "PENDING", "LEAVE", "INACTIVE", UNKNOWN)
EMPLOYMENT_TYPES: Final = (
    *("FULL_TIME", "PART_TIME", "INTERN", "CONTRACTOR", "FREELANCE", "TEMPORARY", "OTHER"),
    UNKNOWN,
)
LEAVE_STATUSES: Final = ("REQUESTED", "APPROVED", "DECLINED", "CANCELLED", "DELETED", UNKNOWN)
LEAVE_KINDS: Final = (
    *("VACATION", "SICK", "PERSONAL", "JURY_DUTY", "VOLUNTEER", "BEREAVEMENT", "PARENTAL"),
    *("HOLIDAY", "UNPAID", "OTHER"),
)
INTERVIEW_STATUSES: Final = (
    *("SCHEDULED", "AWAITING_FEEDBACK", "COMPLETE", "CANCELLED", "NEEDS_SCHEDULING"),
    UNKNOWN,
)
OUTCOMES: Final = ("PENDING", "HIRED", "DECLINED", UNKNOWN)
JOB_STATUSES: Final = (
    *("OPEN", "CLOSED", "DRAFT", "ON_HOLD", "FILLED", "CANCELLED", "ARCHIVED"),
    UNKNOWN,
)
UNITS: Final = ("HOURS", "DAYS")
DEPARTMENT_KINDS: Final = ("DEPARTMENT", "DIVISION", "TEAM", "COST_CENTER", "SUPERVISORY_ORG")
JOB_KINDS: Final = ("REQUISITION", "JOB_CODE")


def one_of(name: str, description: str, values: tuple[str, ...]) -> th.Property[Any]:
    """Describe a text out of a fixed list."""
    return text(name, f"{description} One of {', '.join(values)}.")


def time_of_day(name: str, description: str) -> th.Property[Any]:
    """Describe a time of day."""
    return field(name, th.TimeType, description)


def contacts(name: str, description: str) -> th.Property[Any]:
    """Describe a list of addresses with their kinds."""
    return several(
        name,
        description,
        text("value", "Address or number.", pii=Pii.SENSITIVE),
        text("type", "Kind."),
        pii=Pii.SENSITIVE,
    )


def canonical(*fields: th.Property[Any]) -> dict[str, Any]:
    """Return the schema of a stream: its own fields, and those that all streams have."""
    free = th.ObjectType(additional_properties=True)
    schema = record(
        field("id", th.StringType, "Key: source system, instance and remote_id.", required=True),
        field("source_system", th.StringType, "Which HR system it is from.", required=True),
        field("source_instance", th.StringType, "Which instance of that.", required=True),
        field("remote_id", th.StringType, "Id at the source.", required=True),
        *fields,
        text("remote_url", "Its page at the source."),
        instant("remote_created_at", "When it was made, if the source says."),
        instant("remote_updated_at", "When it was last changed, if the source says."),
        field(
            "changed_at",
            th.DateTimeType,
            "When it was last changed, or read, if the source does not say. UTC.",
            required=True,
        ),
        field(
            "is_deleted",
            th.BooleanType,
            "Whether it is gone at the source. Someone who left is not.",
            required=True,
        ),
        instant("remote_deleted_at", "When it was deleted, or found to be gone."),
        field(
            "custom_fields",
            free,
            "What the customer has added, by the source's names.",
            pii=Pii.SENSITIVE,
        ),
        field("raw", free, "All that the source sent, if asked for.", pii=Pii.SPECIAL),
    )
    schema["properties"][DELETED_AT] = dict(DELETED_AT_SCHEMA)
    return schema


EMPLOYEES: Final = canonical(
    text("employee_number", "Number that the company gave.", pii=Pii.DIRECT),
    text("person_remote_id", "Stays the same across rehires and jobs.", pii=Pii.DIRECT),
    text("user_id", "Login, see users."),
    text("first_name", "First name.", pii=Pii.DIRECT),
    text("middle_name", "Middle name.", pii=Pii.DIRECT),
    text("last_name", "Last name.", pii=Pii.DIRECT),
    text("preferred_name", "What the person likes to be called.", pii=Pii.DIRECT),
    text("display_full_name", "Name as the source shows it.", pii=Pii.DIRECT),
    text("work_email", "E-mail at work, in lower case.", pii=Pii.DIRECT),
    text("personal_email", "Private e-mail, in lower case.", pii=Pii.SENSITIVE),
    text("work_phone", "Phone at work, as given.", pii=Pii.DIRECT),
    text("mobile_phone_number", "Mobile phone, as given.", pii=Pii.SENSITIVE),
    text("home_phone", "Phone at home, as given.", pii=Pii.SENSITIVE),
    text("job_title", "Job title."),
    text("job_remote_id", "Code of the job."),
    text("job_profile", "Job profile."),
    text("department_id", "Department, see departments."),
    text("department_name", "Its name."),
    text("division_name", "Division."),
    text("team_name", "Team."),
    text("cost_center", "Cost centre."),
    text("legal_entity", "Employer."),
    text("work_location_id", "Place of work."),
    text("work_location_name", "Its name."),
    text("country_code", "ISO 3166-1 alpha-2."),
    text("manager_id", "Manager, see employees."),
    text("manager_remote_id", "The same, as the source has it."),
    one_of("employment_status", "Where the person stands.", EMPLOYMENT_STATUSES),
    text("employment_status_raw", "What the source says of it."),
    one_of("employment_type", "Kind of employment.", EMPLOYMENT_TYPES),
    text("employment_type_raw", "What the source says of it."),
    day("start_date", "First day of this employment."),
    day("original_start_date", "First day ever."),
    day("termination_date", "Last day."),
    text("termination_reason", "Why it ended.", pii=Pii.SPECIAL),
    number("fte", "Share of full time, 0 to 1."),
    number("weekly_hours", "Hours per week."),
    day("date_of_birth", "Date of birth.", pii=Pii.SENSITIVE),
    text("gender", "Gender.", pii=Pii.SPECIAL),
    text("marital_status", "Marital status.", pii=Pii.SPECIAL),
    text("nationality", "Nationality.", pii=Pii.SPECIAL),
    text("ethnicity", "Ethnicity.", pii=Pii.SPECIAL),
    embedded(
        "home_address",
        "Address at home.",
        text("street_1", "Street.", pii=Pii.SENSITIVE),
        text("street_2", "Second line.", pii=Pii.SENSITIVE),
        text("city", "City.", pii=Pii.SENSITIVE),
        text("state", "State or region.", pii=Pii.SENSITIVE),
        text("zip_code", "Postal code.", pii=Pii.SENSITIVE),
        text("country", "Country.", pii=Pii.SENSITIVE),
        text("raw", "As one text, if the source has it so.", pii=Pii.SENSITIVE),
        pii=Pii.SENSITIVE,
    ),
    text("ssn", "Social security number; needs government_ids.", pii=Pii.SPECIAL),
    text("tax_id", "Tax number; needs government_ids.", pii=Pii.SPECIAL),
    number("pay_rate", "Pay.", pii=Pii.SPECIAL),
    text("pay_currency", "ISO 4217 code.", pii=Pii.SPECIAL),
    text("pay_period", "What the pay is for.", pii=Pii.SPECIAL),
    text("avatar_url", "Photo.", pii=Pii.DIRECT),
)

CANDIDATES: Final = canonical(
    text("candidate_number", "Number of the candidate."),
    text("first_name", "First name.", pii=Pii.DIRECT),
    text("last_name", "Last name.", pii=Pii.DIRECT),
    text("display_full_name", "Name as the source shows it.", pii=Pii.DIRECT),
    text("email", "Main e-mail, in lower case.", pii=Pii.DIRECT),
    contacts("email_addresses", "All e-mail addresses."),
    contacts("phone_numbers", "All phone numbers."),
    text("company", "Employer.", pii=Pii.SENSITIVE),
    text("title", "Job title.", pii=Pii.SENSITIVE),
    text("source", "Where the candidate came from."),
    texts("tags", "Tags."),
    embedded(
        "location",
        "Where the candidate lives.",
        text("city", "City.", pii=Pii.SENSITIVE),
        text("state", "State or region.", pii=Pii.SENSITIVE),
        text("country", "Country.", pii=Pii.SENSITIVE),
        pii=Pii.SENSITIVE,
    ),
    texts("social_links", "Profiles elsewhere.", pii=Pii.DIRECT),
    flag("is_internal", "Whether the candidate works here."),
    text("employee_id", "As whom, see employees.", pii=Pii.DIRECT),
    flag("is_private", "Whether the profile is hidden."),
    flag("is_anonymized", "Whether the source has removed the person from it."),
    instant("last_interaction_at", "Last contact."),
    instant("applied_at_first", "First application."),
)

APPLICATIONS: Final = canonical(
    text("candidate_id", "Who applies, see candidates.", pii=Pii.DIRECT),
    text("job_id", "For which job, see jobs."),
    text("current_stage", "Stage that it has reached."),
    text("current_stage_remote_id", "Its id at the source."),
    one_of("outcome", "How it ended.", OUTCOMES),
    text("outcome_raw", "What the source says of it."),
    instant("applied_at", "When it was sent."),
    instant("hired_at", "When the candidate was hired."),
    instant("rejected_at", "When it was declined."),
    text("reject_reason", "Why.", pii=Pii.SENSITIVE),
    text("source", "Where it came from."),
    text("referred_by", "Who recommended the candidate.", pii=Pii.DIRECT),
    number("rating", "Rating.", pii=Pii.DIRECT),
    text("desired_salary", "What the candidate asks for.", pii=Pii.SPECIAL),
    text("owner_id", "Who leads the hiring."),
    several(
        "screening_answers",
        "Questions and answers of the form.",
        text("question", "Question."),
        text("answer", "Answer.", pii=Pii.SPECIAL),
        pii=Pii.SENSITIVE,
    ),
    instant("stage_changed_at", "When it reached its stage."),
)

INTERVIEWS: Final = canonical(
    text("application_id", "Application, see applications."),
    text("candidate_id", "Candidate, see candidates.", pii=Pii.DIRECT),
    text("job_id", "Job, see jobs."),
    text("title", "Title."),
    text("interview_type", "Kind, as on site or video."),
    text("stage_name", "Stage that it belongs to."),
    one_of("status", "Where it stands.", INTERVIEW_STATUSES),
    text("status_raw", "What the source says of it."),
    instant("start_at", "Begin."),
    instant("end_at", "End."),
    text("time_zone", "Zone in which it was planned."),
    flag("is_time_set", "False if only the day is known."),
    text("location", "Place.", pii=Pii.DIRECT),
    text("meeting_url", "Link to the meeting.", pii=Pii.DIRECT),
    text("organizer_id", "Who planned it."),
    texts("interviewer_ids", "Who asks, as in employees or users."),
    several(
        "interviewers",
        "The same, as the source shows them.",
        text("remote_id", "Id at the source."),
        text("name", "Name.", pii=Pii.DIRECT),
        text("email", "E-mail.", pii=Pii.DIRECT),
        pii=Pii.DIRECT,
    ),
    text("overall_rating", "Rating.", pii=Pii.SENSITIVE),
    text("feedback_status", "Whether feedback was given."),
    text("notes", "Free text.", pii=Pii.SENSITIVE),
)

LEAVE_REQUESTS: Final = canonical(
    text("employee_id", "Whose leave, see employees.", pii=Pii.DIRECT),
    text("employee_remote_id", "The same, as the source has it.", pii=Pii.DIRECT),
    text("approver_id", "Who decided."),
    text("leave_type_id", "Type, see leave_types.", pii=Pii.SENSITIVE),
    text("leave_type_name", "Its name.", pii=Pii.SENSITIVE),
    field(
        "request_type",
        th.StringType,
        f"Kind of leave, by the name of its type. One of {', '.join(LEAVE_KINDS)}.",
        pii=Pii.SENSITIVE,
    ),
    one_of("status", "Where it stands.", LEAVE_STATUSES),
    text("status_raw", "What the source says of it."),
    day("start_date", "First day."),
    day("end_date", "Last day, inclusive."),
    time_of_day("start_time", "Begin on the first day."),
    time_of_day("end_time", "End on the last day."),
    flag("start_half_day", "Whether the first day is half a day."),
    flag("end_half_day", "Whether the last day is half a day."),
    number("amount", "How much leave."),
    one_of("unit", "Of the amount.", UNITS),
    several(
        "daily_amounts",
        "How much on each day.",
        day("date", "Day."),
        number("amount", "How much."),
    ),
    flag("is_open_ended", "Whether the end is not known yet."),
    text("employee_note", "What the employee wrote.", pii=Pii.SPECIAL),
    text("manager_note", "What the manager wrote.", pii=Pii.SPECIAL),
    instant("requested_at", "When it was asked for; midnight where only the day is known."),
    instant("status_changed_at", "When that was decided; midnight where only the day is known."),
    text("status_changed_precision", "day where only the day is known."),
)

DEPARTMENTS: Final = canonical(
    text("name", "Name."),
    text("code", "Code."),
    text("parent_id", "Department above."),
    text("manager_id", "Head, see employees."),
    flag("is_active", "Whether it is in use."),
    one_of("kind", "What it is.", DEPARTMENT_KINDS),
)

JOBS: Final = canonical(
    text("title", "Title."),
    text("code", "Code."),
    one_of("status", "Where it stands.", JOB_STATUSES),
    text("status_raw", "What the source says of it."),
    one_of("kind", "An opening, or an entry of the catalogue of jobs.", JOB_KINDS),
    text("department_id", "Department, see departments."),
    text("location", "Place."),
    texts("hiring_manager_ids", "Who hires."),
    texts("recruiter_ids", "Who recruits."),
    integer("openings", "How many people are wanted."),
    integer("openings_filled", "How many were found."),
    instant("opened_at", "When it was opened."),
    instant("closed_at", "When it was closed."),
    text("posting_url", "The public advertisement."),
)

LEAVE_TYPES: Final = canonical(
    text("name", "Name."),
    one_of("unit", "In which it is counted.", UNITS),
    flag("is_active", "Whether it is in use."),
    text("category", "The source's own grouping."),
    text("source", "Who keeps the balance."),
    one_of("request_type", "Kind of leave, by its name.", LEAVE_KINDS),
)

LEAVE_BALANCES: Final = canonical(
    text("employee_id", "Whose balance, see employees.", pii=Pii.DIRECT),
    text("leave_type_id", "Of which type, see leave_types."),
    number("balance", "What is left."),
    number("used", "What was taken this year."),
    one_of("unit", "Of both.", UNITS),
    day("as_of", "On which day."),
    text("policy_type", "How it accrues."),
)

USERS: Final = canonical(
    text("username", "Login.", pii=Pii.DIRECT),
    text("email", "E-mail, in lower case.", pii=Pii.DIRECT),
    text("first_name", "First name.", pii=Pii.DIRECT),
    text("last_name", "Last name.", pii=Pii.DIRECT),
    flag("is_active", "Whether the login works."),
    text("employee_id", "Who it is, see employees."),
    instant("last_login_at", "Last login."),
)

SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "employees": EMPLOYEES,
    "candidates": CANDIDATES,
    "applications": APPLICATIONS,
    "interviews": INTERVIEWS,
    "leave_requests": LEAVE_REQUESTS,
    "departments": DEPARTMENTS,
    "jobs": JOBS,
    "leave_types": LEAVE_TYPES,
    "leave_balances": LEAVE_BALANCES,
    "users": USERS,
}
"""By the name of the stream."""

GOVERNMENT_IDS: Final = frozenset({"ssn", "tax_id"})
"""Read only if the setting ``government_ids`` says so."""
