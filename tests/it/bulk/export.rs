//! The audit trail, written out.

use std::collections::BTreeSet;
use std::io::{self, Write};

use descope::mgmt::audit::{AuditEvent, AuditRecord, AuditSearch, AuditType};
use descope::mgmt::audit::{ExportCheckpoint, ExportOptions};
use descope::{Client, Error, RateLimit, RateLimits};

use super::*;

/// Events, so many at each time.
fn record(service: &Arc<Service>, times: usize, each: usize) {
    let client = service.client(RateLimits::none());
    for n in 0..times * each {
        let action = format!("event.{n}");
        let event = AuditEvent::new("T1", "U1", action, AuditType::Info);
        client.mgmt().audit().create_event(&event).unwrap();
        if (n + 1) % each == 0 {
            service.emulator.advance(Duration::from_secs(1));
        }
    }
    service.emulator.advance(Duration::from_secs(2));
}

fn lines(written: &[u8]) -> Vec<AuditRecord> {
    let lines = written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Asserts that these are all events in order, each once.
#[track_caller]
fn are_all(records: &[AuditRecord], count: usize) {
    let actions: Vec<_> = records.iter().map(|record| record.action.clone()).collect();
    let unique: BTreeSet<_> = actions.iter().collect();
    assert_eq!((actions.len(), unique.len()), (count, count), "{actions:?}");
    assert!(records.is_sorted_by_key(|record| record.occurred));
}

fn export(client: &Client, search: &AuditSearch) -> (Vec<u8>, ExportCheckpoint) {
    let mut written = Vec::new();
    let audit = client.mgmt().audit();
    let report = audit.export(search, &mut written, &ExportOptions::default(), |_| true).unwrap();
    assert!(report.finished);
    (written, report.checkpoint)
}

#[test]
fn all_records_are_written_whatever_the_pages() {
    let service = Service::new(NONE);
    record(&service, 9, 3);
    let client = service.client(RateLimits::none());
    for size in [1, 2, 3, 4, 5, 9, 26, 27, 28, 1000] {
        let search = AuditSearch::default().limit(size);
        let (written, checkpoint) = export(&client, &search);
        are_all(&lines(&written), 27);
        assert_eq!((checkpoint.records, checkpoint.bytes), (27, written.len() as u64));
    }
    let some = AuditSearch::default().limit(2).actions(["event.4", "event.20", "event.21"]);
    are_all(&lines(&export(&client, &some).0), 3);
    let none = AuditSearch::default().actions(["nothing"]);
    assert_eq!(export(&client, &none).0, b"");
}

#[test]
fn killed_again_and_again_each_record_is_there_once() {
    let service = Service::new(NONE);
    record(&service, 20, 4);
    let (mut file, mut saved) = (Vec::new(), "{}".to_owned());
    let search = AuditSearch::default().limit(5).to(service.clock.unix());
    service.emulator.advance(Duration::from_secs(2));
    for kills in 0..=10_u64 {
        service.cut_after(if kills < 10 { 1 + kills % 3 } else { u64::MAX });
        let client = service.client(RateLimits::none());
        let checkpoint: ExportCheckpoint = serde_json::from_str(&saved).unwrap();
        file.truncate(usize::try_from(checkpoint.bytes).unwrap());
        let options = ExportOptions::default().checkpoint(checkpoint);
        // A kill may also come after the write and before the checkpoint is saved.
        let mut calls = 0;
        let ended = client.mgmt().audit().export(&search, &mut file, &options, |checkpoint| {
            calls += 1;
            if kills % 2 == 0 || calls < 2 {
                saved = serde_json::to_string(checkpoint).unwrap();
            }
            true
        });
        assert_eq!(ended.is_ok_and(|report| report.finished), kills == 10);
        // What is added meanwhile is later than the end of the export.
        let event = AuditEvent::new("T1", "U1", "later", AuditType::Info);
        let other = Client::builder().emulator(&service.emulator).build().unwrap();
        other.mgmt().audit().create_event(&event).unwrap();
    }
    are_all(&lines(&file), 80);
}

#[test]
fn it_keeps_to_the_limit_and_can_be_stopped() {
    let service = Service::new(NONE);
    record(&service, 10, 1);
    let client = service.client(RateLimits::none().other(RateLimit::per_minute(3)));
    let search = AuditSearch::default().limit(1);
    let before = service.clock.waited();
    let (written, _) = export(&client, &search);
    are_all(&lines(&written), 10);
    assert!(service.clock.waited() >= before + 2 * MINUTE);

    let mut pages = 0;
    let mut written = Vec::new();
    let client = service.client(RateLimits::none());
    let audit = client.mgmt().audit();
    let report = audit.export(&search, &mut written, &ExportOptions::default(), |checkpoint| {
        pages = checkpoint.records;
        pages < 4
    });
    assert!(!report.unwrap().finished);
    are_all(&lines(&written), 4);
}

/// A disk that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_writer_ends_it() {
    let service = Service::new(NONE);
    record(&service, 1, 1);
    let client = service.client(RateLimits::none());
    let audit = client.mgmt().audit();
    let search = AuditSearch::default();
    let error = audit.export(&search, Full, &ExportOptions::default(), |_| true).unwrap_err();
    let Error::Output(cause) = &error else { panic!("{error}") };
    assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
}
