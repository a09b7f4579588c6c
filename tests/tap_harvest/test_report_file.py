"""Harvest's exported time report: every spelling of an entry becomes the same record and key."""

from __future__ import annotations

import csv
import subprocess
import sys
import unicodedata
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tap_harvest.report_file import (
    KEY_PROPERTIES,
    ReportFileError,
    headings,
    read_report,
    schema_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from random import Random

ALL_HEADINGS = (
    "Date,Client,Project,Project Code,Task,Notes,Hours,Hours Rounded,Started At,Ended At,Billable?,"
    "Invoiced?,Approved?,First Name,Last Name,Employee Id,Roles,Teams,Employee?,Billable Rate,"
    "Billable Amount,Cost Rate,Cost Amount,Currency,External Reference URL"
)
SECRET = "Zanzibar"

# --- builders ---------------------------------------------------------------------------------


def entry(**changes: object) -> dict[str, Any]:
    """One row as Harvest's Excel export types it, by heading."""
    row: dict[str, Any] = {
        "Date": datetime(2019, 1, 31),  # noqa: DTZ001 - Excel's dates have no zone
        "Client": "Acme",
        "Project": "Website",
        "Project Code": "WEB-1",
        "Task": "Design",
        "Notes": "Sketches",
        "Hours": 1.5,
        "Started At": time(8, 0),
        "Ended At": time(9, 30),
        "Billable?": "Yes",
        "Invoiced?": "No",
        "First Name": "Ada",
        "Last Name": "Lovelace",
    }
    return row | changes


def write_xlsx(
    path: Path, rows: Sequence[dict[str, Any]], above: Iterable[Sequence[Any]] = ()
) -> Path:
    """Write entries to the worksheet "Harvest" of a new workbook."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("Harvest")
    for line in [*above, list(rows[0]), *(list(row.values()) for row in rows)]:
        sheet.append(line)
    workbook.save(path)
    return path


def write_csv(
    path: Path,
    rows: Sequence[dict[str, Any]],
    *,
    above: Iterable[Sequence[Any]] = (),
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> Path:
    """Write entries to a CSV file as they are given."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([*above, list(rows[0]), *(list(row.values()) for row in rows)])
    return path


def as_csv_text(row: dict[str, Any], *, twelve_hours: bool = False) -> dict[str, Any]:
    """Spell an entry the way Harvest's CSV export does."""
    clock = "%I:%M%p" if twelve_hours else "%H:%M"
    texts: dict[str, Any] = {}
    for heading, value in row.items():
        match value:
            case datetime():
                texts[heading] = value.strftime("%Y-%m-%d")
            case time():
                texts[heading] = value.strftime(clock).lower().removeprefix("0" * twelve_hours)
            case float():
                texts[heading] = f"{value:.2f}"
            case _:
                texts[heading] = value
    return texts


def edit_sheet(path: Path, old: str, new: str) -> Path:
    """Rewrite the first worksheet's XML inside a workbook, whichever XML library wrote it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    sheet = parts[name].decode().replace(" />", "/>").replace("<v></v>", "<v/>")
    assert old in sheet
    parts[name] = sheet.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


def keys(path: Path) -> list[object]:
    """Row keys of a file, from top to bottom."""
    return [record["row_key"] for record in read_report(path)]


def only(path: Path) -> dict[str, Any]:
    """The one record of a file."""
    (record,) = read_report(path)
    return record


# --- records ----------------------------------------------------------------------------------


def test_excel_export_becomes_typed_records(tmp_path: Path) -> None:
    """Typed cells of an Excel export come out under snake_case names with JSON types."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(**{"Ended At": ""})])

    record = only(path)

    assert len(record.pop("row_key")) == 32
    assert record == {
        "date": "2019-01-31",
        "client": "Acme",
        "project": "Website",
        "project_code": "WEB-1",
        "task": "Design",
        "notes": "Sketches",
        "hours": 1.5,
        "started_at": "08:00",
        "ended_at": None,
        "billable": True,
        "invoiced": False,
        "first_name": "Ada",
        "last_name": "Lovelace",
    }


@pytest.mark.parametrize("twelve_hours", [False, True])
def test_csv_export_gives_the_same_records_as_excel(tmp_path: Path, *, twelve_hours: bool) -> None:
    """Both formats of one export agree in every value and key, whatever the account's clock."""
    rows = [
        entry(Notes=None),
        entry(Hours=-2.0, **{"Started At": time(0, 0), "Ended At": time(12, 0)}),
        entry(**{"Project Code": 1001, "Ended At": time(13, 5, 48)}),
    ]
    texts = [as_csv_text(row, twelve_hours=twelve_hours) for row in rows]
    excel = write_xlsx(tmp_path / "report.xlsx", rows)
    text = write_csv(tmp_path / "report.csv", texts)

    assert list(read_report(text)) == list(read_report(excel))


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("2", 2),
        ("2.00", 2),
        ("2:00", 2),
        ("1,5", 1.5),
        (".25", 0.25),
        ("1:20", 1.33),
        ("-0:30", -0.5),
        ("\u22121.25", -1.25),
        (3, 3),
        (0.07, 0.07),
        (time(1, 30), 1.5),
        (timedelta(hours=30), 30),
    ],
)
def test_hours_are_read_in_every_spelling(tmp_path: Path, written: object, hours: float) -> None:
    """Decimals with point or comma, hours and minutes, and Excel durations are decimal hours."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(Hours=written)])

    assert only(path)["hours"] == hours


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("8:00am", "08:00"),
        ("8:00 AM", "08:00"),
        ("8:00\u202fa.m.", "08:00"),
        ("08:00", "08:00"),
        ("12:00am", "00:00"),
        ("12:30pm", "12:30"),
        ("14:59", "14:59"),
        ("14:59:00", "14:59"),
        ("24:00", "00:00"),
        (time(9, 19, 48), "09:19"),
        (0.333333, "08:00"),
        (1, "00:00"),
        (datetime(2019, 1, 31, 14, 59, tzinfo=UTC).replace(tzinfo=None), "14:59"),
        (timedelta(hours=8), "08:00"),
        (None, None),
    ],
)
def test_clock_times_are_read_in_every_spelling(
    tmp_path: Path, written: object, clock: str | None
) -> None:
    """12 h and 24 h text, time cells and fractions of a day are HH:MM, seconds cut off."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(**{"Started At": written})])

    assert only(path)["started_at"] == clock


@pytest.mark.parametrize(
    "written",
    [
        "2019-01-31",
        "2019/01/31",
        "2019.1.31",
        "2019-01-31 00:00:00",
        "31/01/2019",
        "31-1-2019",
        "01/31/2019",
        "31.01.2019",
        date(2019, 1, 31),
    ],
)
def test_dates_are_read_in_every_format_harvest_offers(tmp_path: Path, written: object) -> None:
    """Every date format of the account settings, and Excel's own, is the same day."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(Date=written)])

    assert only(path)["date"] == "2019-01-31"


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1 234 567,5", 1234567.5),
        ("1\u2019234.50", 1234.5),
        ("1000", 1000),
    ],
)
def test_amounts_may_group_thousands(tmp_path: Path, written: str, amount: float) -> None:
    """Thousands separators are dropped where the decimals show which sign is which."""
    path = write_csv(tmp_path / "report.csv", [entry(Date="2019-01-31") | {"Cost Amount": written}])

    assert only(path)["cost_amount"] == amount


def test_later_date_decides_order_of_day_and_month(tmp_path: Path) -> None:
    """A date that can be read two ways follows one further down that cannot."""
    rows = [as_csv_text(entry(Date=written)) for written in ("03/04/2019", "25/04/2019")]
    path = write_csv(tmp_path / "report.csv", rows)

    assert [record["date"] for record in read_report(path)] == ["2019-04-03", "2019-04-25"]


def test_dates_equal_both_ways_need_no_decision(tmp_path: Path) -> None:
    """A file whose only dates are like 03/03 is not ambiguous."""
    path = write_csv(tmp_path / "report.csv", [as_csv_text(entry(Date="03/03/2019"))])

    assert only(path)["date"] == "2019-03-03"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (("03/04/2019", "05/06/2019"), "leaves open whether days or months come first"),
        (("25/04/2019", "04/25/2019"), "day first in row 2 and the month first in row 3"),
    ],
)
def test_undecidable_dates_stop_the_reading(
    tmp_path: Path, written: Sequence[str], complaint: str
) -> None:
    """Dates that the whole file leaves open, or contradicts, are never guessed."""
    path = write_csv(tmp_path / "report.csv", [as_csv_text(entry(Date=day)) for day in written])

    with pytest.raises(ReportFileError, match=complaint):
        list(read_report(path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_is_read_in_common_encodings_and_separators(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    """Letters survive whichever program on which system saved the file."""
    row = as_csv_text(entry(Client="Größe; & Söhne, €"))
    plain = write_csv(tmp_path / "plain.csv", [row])
    path = write_csv(tmp_path / "report.csv", [row], encoding=encoding, delimiter=delimiter)

    assert only(path) == only(plain)


def test_titles_blank_rows_totals_and_repeated_headings_are_passed_over(tmp_path: Path) -> None:
    """Only entries become records, also where files were joined and summed by hand."""
    width = len(entry())
    rows = [
        entry(),
        dict.fromkeys(entry()),
        {heading: heading for heading in entry()},
        entry(Hours=2),
        dict.fromkeys(entry()) | {"Client": "Total", "Hours": 3.5},
        dict.fromkeys(entry()) | {"Date": "Grand total:", "Hours": 3.5},
        dict.fromkeys(entry()) | {"Hours": 3.5},
    ]
    path = write_xlsx(
        tmp_path / "report.xlsx", rows, above=[["Detailed time, 2019"], [], [None] * width]
    )

    assert [record["hours"] for record in read_report(path)] == [1.5, 2]


def test_client_called_total_is_no_total(tmp_path: Path) -> None:
    """A row with a date is an entry, whatever its client is called."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(Client="Total")])

    assert only(path)["client"] == "Total"


def test_worksheet_with_the_headings_is_used(tmp_path: Path) -> None:
    """Other worksheets of a workbook, before or after, are ignored."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry()])
    workbook = openpyxl.load_workbook(path)
    workbook.create_sheet("Cover", 0).append(["Hours of 2019"])
    workbook.create_sheet("Notes")
    workbook.save(path)

    assert only(path)["hours"] == 1.5


def test_cached_values_stand_for_formulas(tmp_path: Path) -> None:
    """A formula counts as the value that Excel last computed for it."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(Hours="=1+1")])
    edit_sheet(path, "<f>1+1</f><v/>", "<f>1+1</f><v>2</v>")

    assert only(path)["hours"] == 2


def test_wrong_size_noted_in_a_worksheet_loses_no_rows(tmp_path: Path) -> None:
    """Rows beyond the dimension that a program noted are still read."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(), entry()])
    edit_sheet(path, "<sheetData>", '<dimension ref="A1" /><sheetData>')

    assert len(keys(path)) == 2


def test_text_is_the_same_after_a_trip_through_excel(tmp_path: Path) -> None:
    """White space at the ends, line ends and letter composition do not depend on the program."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(Notes=" Cafe\u0301_x000D_\nbill \u00a0")])

    assert only(path)["notes"] == "Caf\u00e9\nbill"


# --- headings and schema ----------------------------------------------------------------------


def test_all_headings_harvest_exports_are_typed_and_marked(tmp_path: Path) -> None:
    """The full export of today needs no unknown column; names and notes are marked personal."""
    path = write_csv(tmp_path / "report.csv", [dict.fromkeys(ALL_HEADINGS.split(","))])

    properties = schema_for([path])["properties"]

    assert set(headings(path)) <= set(schema_for([])["properties"])
    marks = {"none", "direct", "sensitive", "special"}
    assert all(p["description"] and p["x-pii"] in marks for p in properties.values())
    assert {name: properties[name]["x-pii"] for name in ("first_name", "last_name", "notes")} == {
        "first_name": "direct",
        "last_name": "direct",
        "notes": "sensitive",
    }
    assert properties["date"]["format"] == "date"
    assert properties["hours"]["type"] == ["number", "null"]
    assert properties["billable"]["type"] == ["boolean", "null"]
    assert KEY_PROPERTIES == ("row_key",)
    assert properties["row_key"]["type"] == "string"


def test_unknown_headings_are_kept_as_text(tmp_path: Path) -> None:
    """A column that Harvest adds tomorrow appears in records and schema."""
    row = entry() | {"Cost Centre (EU)": 4711, "Row Key": "mine"}
    path = write_xlsx(tmp_path / "report.xlsx", [row])

    schema = schema_for([write_xlsx(tmp_path / "other.xlsx", [entry()]), path])

    assert only(path)["cost_centre_eu"] == "4711"
    assert only(path)["row_key_2"] == "mine"
    assert schema["properties"]["cost_centre_eu"]["type"] == ["string", "null"]
    assert set(only(path)) <= set(schema["properties"])


def test_second_heading_of_a_name_gets_a_number(tmp_path: Path) -> None:
    """Headings that differ in signs only stay apart."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry() | {"hours": "x", "HOURS?": "y", "#": 1}])

    assert headings(path)[-3:] == ("hours_2", "hours_3", "column")


def test_importing_the_reader_loads_no_heavy_library() -> None:
    """Runs that read no report pay nothing for it."""
    code = "import sys, tap_harvest.report_file; print({'openpyxl', 'singer_sdk'} & {*sys.modules})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("missing.csv", None, "does not exist"),
        ("empty.xlsx", b"", "is empty"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "only .xlsx and .csv can be read"),
        ("locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "protected by a password"),
        ("text.xlsx", b"Date,Client,Hours\n", "is not an Excel workbook"),
        ("cut.xlsx", b"PK\x03\x04 the rest is gone", "damaged or not a complete"),
        ("workbook.csv", b"PK\x03\x04\x14\x00\x06\x00", "is an Excel file named .csv"),
        ("bytes.csv", b"Date,Hours,Task\n\x81\xff\n", "is not text in UTF-8"),
        ("other.csv", b"Date,Amount\n2019-01-31,5\n", "missing: Hours, one of Client"),
        ("blank.csv", b"\n\n", "missing: Date, Hours, one of Client"),
        ("quotes.csv", b'Date,Task,Hours\n2019-01-31,"T,1\n', "after row 1: the quotation marks"),
        ("wide.csv", b"Date,Hours,Task\n2019-01-31,1,T,U\n", "row 2 has more cells than"),
    ],
)
def test_files_that_are_no_report_are_refused(
    tmp_path: Path, name: str, content: bytes | None, complaint: str
) -> None:
    """Every kind of wrong file is an error that names the file and says what is wrong."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ReportFileError, match=complaint) as raised:
        list(read_report(path))

    assert name in str(raised.value)
    assert "Reports > Detailed time" in str(raised.value) or "save it as" in str(raised.value)


def test_folder_is_refused(tmp_path: Path) -> None:
    """A folder instead of a file is named as such."""
    with pytest.raises(ReportFileError, match="is a folder"):
        headings(tmp_path)


def test_two_worksheets_with_headings_are_refused(tmp_path: Path) -> None:
    """Entries and a summary of them are never added up."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry()])
    workbook = openpyxl.load_workbook(path)
    workbook.create_sheet("By day").append(["Date", "Project", "Hours"])
    workbook.save(path)

    with pytest.raises(ReportFileError, match="2 worksheets with the headings"):
        list(read_report(path))


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
@pytest.mark.parametrize(
    ("heading", "written", "name"),
    [
        ("Date", SECRET, "date"),
        ("Date", None, "date"),
        ("Date", "2019-02-30", "date"),
        ("Hours", SECRET, "hours"),
        ("Hours", "1,500", "hours"),
        ("Hours", "nan", "hours"),
        ("Hours", "9" * 400, "hours"),
        ("Hours", "9" * 400 + ":00", "hours"),
        ("Started At", SECRET, "started_at"),
        ("Started At", "13:00pm", "started_at"),
        ("Ended At", "9:75", "ended_at"),
        ("Billable?", SECRET, "billable"),
    ],
)
def test_unreadable_cell_is_located_but_not_quoted(
    tmp_path: Path, write: Callable[..., Path], heading: str, written: str | None, name: str
) -> None:
    """The error names file, row and column, and nothing that stands in the row."""
    good = entry(Date="2019-01-31", **{"Started At": "8:00", "Ended At": "9:30"})
    path = write(tmp_path / f"report{'.csv' if write is write_csv else '.xlsx'}", [good] * 2)
    write(path, [good, good | {heading: written}])

    reading = read_report(path)
    first = next(reading)
    with pytest.raises(ReportFileError, match=f"row 3, column {name}: not ") as raised:
        next(reading)

    assert first["date"] == "2019-01-31"
    assert raised.value.__suppress_context__
    quoted = {SECRET, "Acme", "Ada", "Sketches", "2019-02-30", "1,500"}
    assert not [value for value in quoted if value in str(raised.value)]


def test_damage_inside_a_worksheet_is_located(tmp_path: Path) -> None:
    """A worksheet whose XML breaks off is reported as damaged, not as the end of the report."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry()])
    edit_sheet(path, "<sheetData>", '<dimension ref="A1:M2" /><sheetData>')
    edit_sheet(path, "</sheetData>", "<row><c")

    with pytest.raises(ReportFileError, match="worksheet 'Harvest' is damaged"):
        list(read_report(path))


# --- keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "later",
    [
        {"Billable?": "No", "Invoiced?": "Yes", "Approved?": "Yes"},
        {"Employee Id": "E-7", "Roles": "Lead", "Teams": "Web", "Employee?": "No"},
        {"Hours Rounded": 1.75, "Billable Rate": 95, "Cost Amount": 60, "Currency": "Euro - EUR"},
        {"External Reference URL": None, "Anything New": "?"},
        {"Notes": "  Sketches\r\n"},
        {"Hours": "1:30", "Started At": 0.333333333, "Ended At": "9:30:00"},
    ],
)
def test_key_survives_what_may_change_between_exports(
    tmp_path: Path, later: dict[str, Any]
) -> None:
    """Status, rates, people's roles, new columns and spelling do not make another entry."""
    older = write_xlsx(tmp_path / "older.xlsx", [entry()])
    newer = write_xlsx(tmp_path / "newer.xlsx", [entry(**later)])

    assert keys(newer) == keys(older)


@pytest.mark.parametrize("heading", ["Client", "Project", "Project Code", "Task", "Last Name"])
def test_key_tells_entries_apart(tmp_path: Path, heading: str) -> None:
    """Entries that differ in what, who or where have different keys."""
    path = write_xlsx(tmp_path / "report.xlsx", [entry(), entry(**{heading: "Other"})])

    assert len(set(keys(path))) == 2


def test_text_does_not_slip_into_the_next_column(tmp_path: Path) -> None:
    """The same words split differently over two columns are different entries."""
    rows = [entry(Client="A B", Project="C"), entry(Client="A", Project="B C")]
    path = write_xlsx(tmp_path / "report.xlsx", rows)

    assert len(set(keys(path))) == 2


def test_equal_rows_keep_their_keys_in_overlapping_exports(tmp_path: Path) -> None:
    """Counting per file lets the month's rows land on the year's, with one more row added."""
    month = write_xlsx(tmp_path / "month.xlsx", [entry(), entry()])
    year = write_xlsx(tmp_path / "year.xlsx", [entry(Hours=9), entry(), entry(), entry()])

    assert len(set(keys(year))) == 4
    assert set(keys(month)) < set(keys(year))


WORDS = st.sampled_from(["", "Acme", "Größe", "two words", "line\nbreak", 'quo"te', "a,b;c"])
MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: time(*divmod(minute, 60)))
ENTRIES = st.builds(
    lambda day, client, notes, minutes, start: entry(
        Date=datetime.combine(day, time.min),
        Client=client,
        Notes=notes,
        Hours=round(minutes / 60, 2),
        **{"Started At": start},
    ),
    st.dates(date(2016, 1, 1), date(2026, 1, 1)),
    WORDS,
    WORDS,
    st.integers(-120, 24 * 60),
    st.none() | MINUTES,
)
REPORTS = st.lists(ENTRIES, min_size=1, max_size=12).flatmap(
    lambda rows: st.lists(st.sampled_from(rows), min_size=len(rows), max_size=20)
)
FILES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def in_minutes(row: dict[str, Any]) -> dict[str, Any]:
    """Spell an entry as an account set to day first, hours and minutes and 12 h exports it."""
    minutes = round(abs(row["Hours"]) * 60)
    sign = "-" if row["Hours"] < 0 else ""
    return as_csv_text(row, twelve_hours=True) | {
        "Date": row["Date"].strftime("%d.%m.%Y"),
        "Hours": f"{sign}{minutes // 60}:{minutes % 60:02}",
        "Client": f" {unicodedata.normalize('NFD', row['Client'])} ",
        "Notes": row["Notes"].replace("\n", "\r\n"),
        "Employee Id": "",
    }


@FILES
@given(rows=REPORTS)
def test_keys_do_not_depend_on_the_format(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """Excel, CSV, and CSV in another account's formats agree on every key; none repeats."""
    excel = keys(write_xlsx(tmp_path / "report.xlsx", rows))
    text = keys(write_csv(tmp_path / "report.csv", [as_csv_text(row) for row in rows]))
    other = write_csv(tmp_path / "other.csv", [in_minutes(row) for row in rows], delimiter=";")

    assert excel == text == keys(other)
    assert len(set(excel)) == len(rows)


@FILES
@given(older=REPORTS, added=REPORTS, random=st.randoms())
def test_newer_export_has_all_keys_of_an_older_one(
    tmp_path: Path, older: list[dict[str, Any]], added: list[dict[str, Any]], random: Random
) -> None:
    """Rows added anywhere and sorted in any way only ever add keys."""
    newer = older + added
    random.shuffle(newer)
    before = keys(write_csv(tmp_path / "older.csv", [as_csv_text(row) for row in older]))
    after = keys(write_csv(tmp_path / "newer.csv", [as_csv_text(row) for row in newer]))

    assert set(before) <= set(after)
    assert len(set(after)) == len(newer)
