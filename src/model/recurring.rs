//! Recurring times (nights, weekends, holidays) in Alertmanager's format and by its rules.
//!
//! In: what was written. Out: whether an instant lies in it. Time zones are those of the database
//! that is built in, so that a replay judges alike on every machine.

use std::sync::Arc;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp as Instant, Zoned};
use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Recurring times under a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recurring {
    /// What routes call it.
    pub name: Arc<str>,
    /// Any of these.
    pub time_intervals: Vec<TimeInterval>,
}

impl Recurring {
    /// Whether an instant lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.time_intervals.iter().any(|i| i.contains(at))
    }
}

/// Alertmanager's `time_interval`: an instant lies in it if it lies in one range of every list that
/// is not empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeInterval {
    /// Of the day.
    pub times: Vec<TimeRange>,
    /// Of the week: `monday:friday`.
    pub weekdays: Vec<Range<Weekdays>>,
    /// Of the month: `1:5`; negative ones count from its end: `-3:-1`.
    pub days_of_month: Vec<Range<DaysOfMonth>>,
    /// Of the year: `june:august` or `6:8`.
    pub months: Vec<Range<Months>>,
    /// Years: `2026:2028`.
    pub years: Vec<Range<Years>>,
    /// The time zone; UTC if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A part of a day, as `HH:MM`: from `start_time` until before `end_time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeRange {
    /// From here.
    pub start_time: TimeOfDay,
    /// Until before here; 24:00 is the day's end.
    pub end_time: TimeOfDay,
}

/// Minutes since midnight; written as `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

/// A range of whole numbers that stand for days, months or years; both ends belong to it. Written
/// as `BEGIN:END`, or as one of them alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[serde(bound = "U: Unit")]
pub struct Range<U: Unit> {
    begin: i32,
    end: i32,
    unit: std::marker::PhantomData<U>,
}

/// What the numbers of a range stand for.
pub trait Unit: Clone {
    /// In words, with its article.
    const WHAT: &'static str;
    /// How to write it.
    const EXAMPLE: &'static str;
    /// The number of a word.
    fn parse(text: &str) -> Option<i32>;
    /// The word of a number.
    fn write(number: i32) -> String {
        number.to_string()
    }
    /// Whether a range may go from the one to the other.
    fn ordered(begin: i32, end: i32) -> bool {
        begin <= end
    }
}

/// Days of the week; Sunday is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekdays;
/// Days of the month, from either end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaysOfMonth;
/// Months; January is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Months;
/// Years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Years;

const DAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn named(names: &[&str], text: &str) -> Option<i32> {
    let at = names.iter().position(|n| n.eq_ignore_ascii_case(text))?;
    i32::try_from(at).ok()
}

fn name(names: &[&str], at: i32) -> String {
    let name = usize::try_from(at).ok().and_then(|at| names.get(at));
    name.map_or_else(|| at.to_string(), |n| (*n).to_owned())
}

impl Unit for Weekdays {
    const WHAT: &'static str = "a day of the week";
    const EXAMPLE: &'static str = "monday:friday";
    fn parse(text: &str) -> Option<i32> {
        named(&DAYS, text)
    }
    fn write(number: i32) -> String {
        name(&DAYS, number)
    }
}

impl Unit for DaysOfMonth {
    const WHAT: &'static str = "a day of the month, from 1 to 31 or from -31 to -1";
    const EXAMPLE: &'static str = "1:5 or -3:-1";
    fn parse(text: &str) -> Option<i32> {
        let day: i32 = text.parse().ok()?;
        (day != 0 && (-31..=31).contains(&day)).then_some(day)
    }
    fn ordered(begin: i32, end: i32) -> bool {
        // As in Alertmanager: from the month's start to a day from its end is always right.
        if begin > 0 && end < 0 {
            return true;
        }
        (begin < 0) == (end < 0) && begin <= end
    }
}

impl Unit for Months {
    const WHAT: &'static str = "a month";
    const EXAMPLE: &'static str = "june:august";
    fn parse(text: &str) -> Option<i32> {
        let number = text.parse().ok().filter(|n| (1..=12).contains(n));
        number.or_else(|| named(&MONTHS, text).map(|at| at + 1))
    }
    fn write(number: i32) -> String {
        name(&MONTHS, number - 1)
    }
}

impl Unit for Years {
    const WHAT: &'static str = "a year";
    const EXAMPLE: &'static str = "2026:2028";
    fn parse(text: &str) -> Option<i32> {
        text.parse().ok().filter(|n| (0..=9999).contains(n))
    }
}

impl<U: Unit> Range<U> {
    fn contains(self, number: i32) -> bool {
        (self.begin..=self.end).contains(&number)
    }
}

impl Range<DaysOfMonth> {
    /// Ends beyond the month's are its own; a range that begins beyond it is not in this month.
    fn contains_day(self, day: i32, days_in_month: i32) -> bool {
        let from_start = |d: i32| if d < 0 { days_in_month + d + 1 } else { d };
        let (begin, end) = (from_start(self.begin), from_start(self.end));
        begin <= days_in_month && (begin.max(1)..=end.min(days_in_month)).contains(&day)
    }
}

impl<U: Unit> TryFrom<String> for Range<U> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (first, last) = text.split_once(':').unwrap_or((&text, &text));
        let part = |part: &str| {
            U::parse(part.trim()).ok_or_else(|| {
                let (what, example) = (U::WHAT, U::EXAMPLE);
                format!("`{}` is not {what}: write {example}", part.trim())
            })
        };
        let (begin, end) = (part(first)?, part(last)?);
        if !U::ordered(begin, end) {
            return Err(format!("`{text}` ends before it begins; write two ranges"));
        }
        Ok(Self {
            begin,
            end,
            unit: std::marker::PhantomData,
        })
    }
}

impl<U: Unit> From<Range<U>> for String {
    fn from(range: Range<U>) -> Self {
        let (begin, end) = (U::write(range.begin), U::write(range.end));
        if begin == end {
            begin
        } else {
            format!("{begin}:{end}")
        }
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time of day: write HH:MM, from 00:00 to 24:00");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let digits = |t: &str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(hour) || !digits(minute) {
            return Err(wrong());
        }
        let (hour, minute): (u16, u16) = (
            hour.parse().map_err(|_| wrong())?,
            minute.parse().map_err(|_| wrong())?,
        );
        let minutes = hour * 60 + minute;
        if minute > 59 || minutes > 24 * 60 {
            return Err(wrong());
        }
        Ok(Self(minutes))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

impl TimeRange {
    /// What is wrong with it, if anything is.
    pub fn wrong(self) -> Option<String> {
        (self.start_time >= self.end_time).then(|| {
            let (start, end) = (String::from(self.start_time), String::from(self.end_time));
            format!(
                "the time range {start} to {end} ends before it begins; write two ranges, \
                 {start} to 24:00 and 00:00 to {end}"
            )
        })
    }
}

/// A time zone of the IANA database, by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Location {
    name: String,
    zone: TimeZone,
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl TryFrom<String> for Location {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name == "Local" {
            return Err("`Local` differs from machine to machine: name the time zone".to_owned());
        }
        let zone = TimeZoneDatabase::bundled().get(&name);
        let zone = zone
            .map_err(|_| format!("there is no time zone `{name}`: write it like Europe/Berlin"))?;
        Ok(Self { name, zone })
    }
}

impl From<Location> for String {
    fn from(location: Location) -> Self {
        location.name
    }
}

impl TimeInterval {
    /// Whether an instant lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        let Ok(instant) = Instant::from_millisecond(at.as_millis()) else {
            return false;
        };
        let zone = self
            .location
            .as_ref()
            .map_or(TimeZone::UTC, |l| l.zone.clone());
        self.holds(&instant.to_zoned(zone))
    }

    fn holds(&self, at: &Zoned) -> bool {
        let minute = at.hour() as u16 * 60 + at.minute() as u16;
        let weekday = i32::from(at.weekday().to_sunday_zero_offset());
        let (day, days) = (i32::from(at.day()), i32::from(at.days_in_month()));
        let (month, year) = (i32::from(at.month()), i32::from(at.year()));
        any(&self.times, |r| {
            (r.start_time.0..r.end_time.0).contains(&minute)
        }) && any(&self.weekdays, |r| r.contains(weekday))
            && any(&self.days_of_month, |r| r.contains_day(day, days))
            && any(&self.months, |r| r.contains(month))
            && any(&self.years, |r| r.contains(year))
    }
}

/// Whether one of them holds; a list that is empty says nothing.
fn any<T>(list: &[T], holds: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(json: &str) -> TimeInterval {
        serde_json::from_str(json).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Cases of Alertmanager's own `timeinterval_test.go`, and others beside them.
    #[test]
    fn an_instant_lies_in_it_as_in_alertmanager() {
        let business = r#"{"times":[{"start_time":"09:00","end_time":"17:00"}],"weekdays":["monday:friday"],
            "days_of_month":["1:10"],"months":["1:12"],"years":["2020:2023"]}"#;
        for (json, text, inside) in [
            ("{}", "2020-01-01T00:00:00Z", true),
            (
                r#"{"times":[{"start_time":"09:00","end_time":"17:00"}]}"#,
                "2020-07-08T09:00:00Z",
                true,
            ),
            (
                r#"{"times":[{"start_time":"09:00","end_time":"17:00"}]}"#,
                "2020-07-08T17:00:00Z",
                false,
            ),
            (
                r#"{"times":[{"start_time":"00:00","end_time":"24:00"}]}"#,
                "2020-07-08T23:59:59Z",
                true,
            ),
            (business, "2020-07-03T10:00:00Z", true),
            (business, "2020-07-04T10:00:00Z", false),
            (business, "2020-07-10T16:59:59Z", true),
            (business, "2020-07-13T10:00:00Z", false),
            (business, "2024-07-03T10:00:00Z", false),
            (
                r#"{"days_of_month":["-31:31"]}"#,
                "2020-06-30T00:00:00Z",
                false,
            ),
            (r#"{"days_of_month":["-1"]}"#, "2020-02-29T00:00:00Z", true),
            (r#"{"days_of_month":["-1"]}"#, "2021-02-28T00:00:00Z", true),
            (
                r#"{"days_of_month":["-3:-1"]}"#,
                "2021-02-25T23:59:59Z",
                false,
            ),
            (r#"{"days_of_month":["31"]}"#, "2021-02-28T12:00:00Z", false),
            (
                r#"{"days_of_month":["20:31"]}"#,
                "2021-02-28T12:00:00Z",
                true,
            ),
            (
                r#"{"days_of_month":["1:-2"]}"#,
                "2021-02-28T12:00:00Z",
                false,
            ),
            (r#"{"weekdays":["sunday"]}"#, "2026-11-22T00:00:00Z", true),
            (
                r#"{"weekdays":["sunday:tuesday","saturday"]}"#,
                "2026-11-21T00:00:00Z",
                true,
            ),
            (
                r#"{"months":["june:august","12"]}"#,
                "2026-12-01T00:00:00Z",
                true,
            ),
            (
                r#"{"months":["june:august"]}"#,
                "2026-09-01T00:00:00Z",
                false,
            ),
        ] {
            let Ok(interval) = serde_json::from_str::<TimeInterval>(json) else {
                // From a day counted from the end to one counted from the start.
                assert!(!inside, "{json}");
                continue;
            };
            assert_eq!(interval.contains(at(text)), inside, "{json} {text}");
        }
    }

    /// A night that mutes from 22:00 to 06:00 in a zone keeps to its clock, whatever the season.
    #[test]
    fn a_zone_has_its_seasons() {
        let night = r#"{"times":[{"start_time":"22:00","end_time":"24:00"},{"start_time":"00:00","end_time":"06:00"}],
            "location":"Europe/Berlin"}"#;
        for (text, inside) in [
            ("2026-01-15T20:59:59Z", false),
            ("2026-01-15T21:00:00Z", true),
            ("2026-01-16T04:59:59Z", true),
            ("2026-01-16T05:00:00Z", false),
            ("2026-07-15T20:00:00Z", true),
            ("2026-07-16T03:59:59Z", true),
            ("2026-07-16T04:00:00Z", false),
            // The night in which the clock goes back has nine hours.
            ("2026-10-25T04:59:59Z", true),
            ("2026-10-25T05:00:00Z", false),
        ] {
            assert_eq!(interval(night).contains(at(text)), inside, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let json = r#"{"times":[{"start_time":"00:00","end_time":"24:00"}],"weekdays":["monday:friday"],"days_of_month":["-3:-1","5"],"months":["june:august"],"years":["2026"],"location":"America/New_York"}"#;
        assert_eq!(serde_json::to_string(&interval(json)).unwrap(), json);
    }

    #[test]
    fn what_is_wrong_says_how_to_write_it() {
        for (json, why) in [
            (r#"{"weekdays":["friday:monday"]}"#, "ends before it begins"),
            (r#"{"weekdays":["mon"]}"#, "write monday:friday"),
            (r#"{"days_of_month":["0"]}"#, "from 1 to 31"),
            (r#"{"months":["13"]}"#, "a month"),
            (
                r#"{"location":"Europe/Berlim"}"#,
                "no time zone `Europe/Berlim`",
            ),
            (r#"{"location":"Local"}"#, "name the time zone"),
            (
                r#"{"times":[{"start_time":"9:00","end_time":"17:00"}]}"#,
                "HH:MM",
            ),
            (
                r#"{"times":[{"start_time":"09:00","end_time":"24:01"}]}"#,
                "HH:MM",
            ),
        ] {
            let error = serde_json::from_str::<TimeInterval>(json).unwrap_err();
            assert!(error.to_string().contains(why), "{json}: {error}");
        }
        let range = interval(r#"{"times":[{"start_time":"22:00","end_time":"06:00"}]}"#).times[0];
        assert!(range.wrong().unwrap().contains("22:00 to 24:00"));
    }
}
