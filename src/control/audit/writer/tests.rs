#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use super::*;
use crate::control::audit::filter::Filter;
use crate::control::audit::read::read;
use crate::control::audit::samples::decision;
use crate::control::audit::verify::verify;

fn writer(folder: &tempfile::TempDir) -> Writer {
    Writer::open(folder.path(), Sizes::default()).unwrap()
}

fn host(number: u64) -> Vec<Entry> {
    vec![decision(number, &format!("h{number}.test"), true)]
}

/// How many entries there are; the log is whole.
fn whole(folder: &tempfile::TempDir) -> usize {
    assert_eq!(verify(folder.path()).unwrap().faults, Vec::new());
    read(folder.path(), Filter::default()).map(Result::unwrap).count()
}

/// A file that cannot be written, as on a disk that fails.
fn break_file(writer: &mut Writer) -> Arc<File> {
    let path = folder::path(&writer.folder, 1);
    let unwritable = Arc::new(File::open(path).unwrap());
    std::mem::replace(&mut writer.current.as_mut().unwrap().file, unwritable)
}

#[test]
fn a_write_that_fails_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    writer.append(host(1)).unwrap();
    let file = break_file(&mut writer);
    writer.append(host(2)).unwrap_err();
    assert!(writer.trouble().is_some(), "nor could it be taken back");
    writer.append(host(2)).unwrap_err();
    assert_eq!(writer.last_guardian_event("e1"), 1);
    writer.current.as_mut().unwrap().file = file;
    writer.take_due().rewrite().unwrap();
    writer.reopen();
    assert_eq!(writer.append(host(2)).unwrap(), 3..4);
    writer.take_due().sync().unwrap();
    assert_eq!(whole(&folder), 3);
}

/// After a sync that failed the kernel may have thrown away what was written.
#[test]
fn what_was_acknowledged_and_lost_by_the_disk_is_written_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    writer.append(host(1)).unwrap();
    writer.take_due().sync().unwrap();
    writer.append(host(2)).unwrap();
    let due = writer.take_due();
    writer.append(host(3)).unwrap();
    writer.close(due, io::Error::other("the disk is gone"));
    writer.append(host(4)).unwrap_err();
    let Current { file, length } = writer.current.clone().unwrap();
    file.set_len(length - 500).unwrap();
    file.set_len(length).unwrap();
    writer.take_due().rewrite().unwrap();
    writer.reopen();
    writer.append(host(4)).unwrap();
    writer.take_due().sync().unwrap();
    assert_eq!(whole(&folder), 5);
}

#[test]
fn a_file_that_cannot_be_begun_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path(), Sizes { file: 1, files: 9 }).unwrap();
    writer.append(host(1)).unwrap();
    let in_the_way = folder::path(folder.path(), 3);
    std::fs::create_dir(&in_the_way).unwrap();
    writer.append(host(2)).unwrap_err();
    assert!(writer.trouble().is_none(), "it is tried again");
    std::fs::remove_dir(&in_the_way).unwrap();
    writer.append(host(2)).unwrap();
    writer.take_due().sync().unwrap();
    assert_eq!(whole(&folder), 5);
}

#[test]
fn files_that_were_to_go_when_their_writer_was_killed_go_later() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = Sizes { file: 1, files: 2 };
    let mut writer = Writer::open(folder.path(), sizes).unwrap();
    for number in 1..=4 {
        writer.append(host(number)).unwrap();
    }
    assert_eq!(folder::numbers(folder.path()).unwrap(), [1, 2, 3, 4, 5], "nothing goes before its end is on disk");
    // Killed here: `head` is behind.
    drop(writer);
    Writer::open(folder.path(), sizes).unwrap().take_due().sync().unwrap();
    let files = folder::numbers(folder.path()).unwrap();
    assert_eq!(files.len(), 2, "{files:?}");
    whole(&folder);
}
