//! What a restart finds, with and without its state file.

use std::fs;

use super::*;
use crate::keys::kek::uses::BLOCK;
use crate::keys::state::State;
use crate::keys::state::tests::Tmpfs;

fn reserved(rig: &Rig) -> u64 {
    StateFile::open(&rig.state_path()).state().writing().map_or(0, |(_, writing)| writing.reserved_uses)
}

/// The uses that the next start would go on from; none if it would make a KEK of its own.
fn said_on_disk(rig: &Rig) -> Option<u64> {
    let document: serde_json::Value = serde_json::from_str(&fs::read_to_string(rig.state_path()).ok()?).unwrap();
    document["keks"].as_array()?.iter().find_map(|record| record["writing"]["reservedUses"].as_u64())
}

/// Waits until more than `uses` are reserved; says how many.
async fn reserved_past(rig: &Rig, uses: u64) -> u64 {
    until(&format!("a reservation past {uses}"), || reserved(rig) > uses).await;
    reserved(rig)
}

#[tokio::test]
async fn a_restart_goes_on_with_its_kek_and_counts_on() {
    let rig = Rig::new();
    let kek = rig.start(LocalKekSettings::default());
    let first = write(&kek, Api::V1Beta1).await.unwrap();
    let mut uses = reserved_past(&rig, 0).await;
    kill(kek).await;
    for _ in 1..=3 {
        let kek = rig.start(LocalKekSettings::default());
        until("the KEK of the state file", || kek.carries_restart()).await;
        assert_eq!(kek.statistics().writing.unwrap().uses, uses);
        assert_eq!(kek_of(&write(&kek, Api::V1Beta1).await.unwrap()), kek_of(&first));
        let reserved = reserved_past(&rig, uses).await;
        assert_eq!(reserved, uses + BLOCK);
        uses = reserved;
        kill(kek).await;
    }
    assert_eq!((rig.kms.generates(), rig.kms.unwraps()), (1, 3));
}

#[tokio::test]
async fn a_kill_never_lets_the_uses_pass_the_limit() {
    let rig = Rig::new();
    let settings =
        LocalKekSettings { renew_after_uses: u64::MAX, max_uses: BLOCK * 3 + 10, ..LocalKekSettings::default() };
    let mut uses: HashMap<KekId, u64> = HashMap::new();
    for _ in 0..6 {
        let kek = rig.start(settings);
        let mut last = None;
        for _ in 0..BLOCK / 3 {
            let kek_id = kek_of(&write(&kek, Api::V1Beta1).await.unwrap());
            *uses.entry(kek_id).or_default() += 1;
            last = Some(kek_id);
        }
        until("its record", || {
            let state = StateFile::open(&rig.state_path()).state();
            state.writing().map(|(record, _)| record.kek_id()) == last
        })
        .await;
        kill(kek).await;
    }
    assert_eq!(uses.len(), 2, "three kills spend the blocks of one KEK");
    assert!(uses.values().all(|&uses| uses <= settings.max_uses));
}

#[tokio::test]
async fn blocks_are_reserved_ahead_and_writes_go_on() {
    let rig = Rig::new();
    let kek = rig.start(LocalKekSettings::default());
    for _ in 0..3 * BLOCK {
        write(&kek, Api::V1Beta1).await.unwrap();
    }
    let uses = kek.statistics().writing.unwrap().uses;
    assert_eq!(uses, 3 * BLOCK);
    until("another block", || reserved(&rig) > uses).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_an_outage_waits_for_kms_and_makes_no_other_kek() {
    let rig = Rig::new();
    let kek = rig.start(LocalKekSettings::default());
    let first = write(&kek, Api::V1Beta1).await.unwrap();
    reserved_past(&rig, 0).await;
    kill(kek).await;

    rig.kms.fail(FaultClass::Outage);
    let kek = rig.start(LocalKekSettings::default());
    assert!(!kek.carries_writes() && !kek.carries_restart());
    assert_eq!(kek.statistics().pending, 1);
    assert_eq!(write(&kek, Api::V1Beta1).await.err().unwrap().fault_class(), Some(FaultClass::Outage));
    assert!(read(&kek, Api::V1Beta1, &first).await.is_err());
    sleep(Duration::from_secs(120)).await;
    assert_eq!(kek.statistics().pending, 1);

    rig.kms.fail(None);
    sleep(Duration::from_secs(31)).await;
    assert!(kek.carries_restart());
    assert_eq!(kek_of(&write(&kek, Api::V1Beta1).await.unwrap()), kek_of(&first));
    assert_eq!(rig.kms.generates(), 1);
}

#[tokio::test]
async fn keks_learnt_from_reads_are_unwrapped_at_start() {
    let rig = Rig::new();
    let kek = rig.start(LocalKekSettings::default());
    let mut objects = Vec::new();
    for _ in 0..30 {
        let (key, wrapped) = rig.kms.wrap(1);
        objects.push(Arc::new(Kek::new(key, &wrapped, origin(1), 1)).seal(Api::V2, SEED).unwrap());
        read(&kek, Api::V2, objects.last().unwrap()).await.unwrap();
    }
    until("31 KEKs in the file", || StateFile::open(&rig.state_path()).state().keks.len() == 31).await;
    kill(kek).await;

    let kek = rig.start(LocalKekSettings::default());
    until("all KEKs", || kek.carries_restart()).await;
    let unwraps = rig.kms.unwraps();
    for object in &objects {
        assert_eq!(read(&kek, Api::V2, object).await.unwrap(), SEED);
    }
    assert_eq!((rig.kms.unwraps(), unwraps), (61, 61), "30 read, then 31 at the start");
}

#[tokio::test]
async fn a_lost_or_damaged_state_file_costs_one_kek() {
    let rig = Rig::new();
    let kek = rig.start(LocalKekSettings::default());
    let first = write(&kek, Api::V2).await.unwrap();
    reserved_past(&rig, 0).await;
    kill(kek).await;
    fs::remove_file(rig.state_path()).unwrap();
    let kek = rig.start(LocalKekSettings::default());
    assert_eq!(read(&kek, Api::V2, &first).await.unwrap(), SEED);
    until("its own KEK", || kek.carries_restart()).await;
    reserved_past(&rig, 0).await;
    assert_eq!(rig.kms.generates(), 2);
    kill(kek).await;
    fs::write(rig.state_path(), "{\"format\": \"sealkit-kms-plugin-state\", ").unwrap();
    let kek = rig.start(LocalKekSettings::default());
    assert_eq!(read(&kek, Api::V2, &first).await.unwrap(), SEED);
    until("its own KEK", || kek.carries_restart()).await;
    assert_eq!((rig.kms.generates(), kek.statistics().state_file), (3, StateFileHealth::Ok));
}

#[tokio::test]
async fn a_state_file_that_is_not_ours_is_done_without() {
    let rig = Rig::new();
    fs::write(rig.state_path(), "somebody else's").unwrap();
    let kek = rig.start(LocalKekSettings::default());
    for _ in 0..10 {
        write(&kek, Api::V2).await.unwrap();
    }
    until("a KEK", || kek.carries_restart()).await;
    assert_eq!(kek.statistics().state_file, StateFileHealth::Refused);
    assert_eq!(fs::read_to_string(rig.state_path()).unwrap(), "somebody else's");
}

#[tokio::test]
async fn a_kek_past_its_limits_is_not_gone_on_with() {
    let rig = Rig::new();
    let kek = rig.start(LocalKekSettings::default());
    let first = write(&kek, Api::V1Beta1).await.unwrap();
    reserved_past(&rig, 0).await;
    kill(kek).await;
    rig.advance(14 * DAY);
    let kek = rig.start(LocalKekSettings::default());
    assert_ne!(kek_of(&write(&kek, Api::V1Beta1).await.unwrap()), kek_of(&first));
    assert_eq!(read(&kek, Api::V1Beta1, &first).await.unwrap(), SEED);
}

#[tokio::test]
async fn a_kek_that_kms_refuses_is_forgotten() {
    let rig = Rig::new();
    let bad = crate::keys::state::KekRecord { wrapped: vec![9; 40], key: READ_KEY.to_owned(), writing: None };
    let (_, good) = rig.kms.wrap(1);
    let good = crate::keys::state::KekRecord { wrapped: good, ..bad.clone() };
    let elsewhere =
        crate::keys::state::KekRecord { wrapped: vec![8; 40], key: "configured no more".to_owned(), ..bad.clone() };
    let file = StateFile::open(&rig.state_path());
    file.update(|state| state.remember(vec![bad, good.clone(), elsewhere.clone()])).unwrap();
    let kek = rig.start(LocalKekSettings::default());
    until("all that can be unwrapped", || kek.carries_restart()).await;
    let known = |state: &State| state.keks.iter().map(|record| record.kek_id()).collect::<Vec<_>>();
    until("three KEKs", || known(&file.state()).len() == 3 && file.state().writing().is_some()).await;
    let known = known(&file.state());
    assert!(known.contains(&good.kek_id()) && known.contains(&elsewhere.kek_id()));
    assert_eq!(rig.kms.unwraps(), 2);
}

#[tokio::test]
async fn another_instances_kek_is_never_written_under() {
    let rig = Rig::new();
    let other = rig.start_with(Some(LocalKekSettings::default()), None);
    let foreign = write(&other, Api::V1Beta1).await.unwrap();
    let kek = rig.start(LocalKekSettings::default());
    let own = write(&kek, Api::V1Beta1).await.unwrap();
    read(&kek, Api::V1Beta1, &foreign).await.unwrap();
    until("both KEKs in the file", || StateFile::open(&rig.state_path()).state().keks.len() == 2).await;
    reserved_past(&rig, 0).await;
    kill(kek).await;
    let kek = rig.start(LocalKekSettings::default());
    assert_eq!(kek_of(&write(&kek, Api::V1Beta1).await.unwrap()), kek_of(&own));
}

#[tokio::test]
async fn a_reload_keeps_what_is_in_memory_and_one_count() {
    let rig = Rig::new();
    let before = rig.start(LocalKekSettings::default());
    let first = write(&before, Api::V1Beta1).await.unwrap();
    reserved_past(&rig, 0).await;
    rig.kms.fail(FaultClass::Outage);
    let after = LocalKek::new(
        Some(LocalKekSettings::default()),
        Arc::clone(&rig.kms) as Arc<dyn Upstream>,
        Arc::clone(&rig.served) as Arc<dyn Observer>,
        Some(StateFile::open(&rig.state_path())),
        Arc::clone(&rig.clock) as Arc<dyn WallClock>,
    );
    after.adopt(&before, |_, index| Some(index));
    after.start(None);
    assert!(after.carries_restart());
    assert_eq!(kek_of(&write(&after, Api::V1Beta1).await.unwrap()), kek_of(&first));
    write(&before, Api::V1Beta1).await.unwrap();
    assert_eq!(after.statistics().writing.unwrap().uses, 3, "who drains counts too");
    drop(before);
    assert_eq!(read(&after, Api::V1Beta1, &first).await.unwrap(), SEED);
}

#[tokio::test]
async fn a_file_that_can_be_neither_written_nor_removed_costs_a_kek() {
    let rig = Rig::new();
    let kek = rig.start(LocalKekSettings::default());
    let first = write(&kek, Api::V1Beta1).await.unwrap();
    let reserved = reserved_past(&rig, 0).await;
    fs::remove_file(rig.state_path()).unwrap();
    fs::write(rig.state_path(), "another process' by now").unwrap();
    let mut under_first = 1;
    for _ in 0..3 * BLOCK {
        under_first += u64::from(kek_of(&write(&kek, Api::V1Beta1).await.unwrap()) == kek_of(&first));
    }
    assert_eq!(under_first, reserved, "no use passes what the file said");
    assert_eq!(rig.kms.generates(), 2, "the next KEK is in no file, and needs none");
    assert!(kek.carries_writes());
    assert_eq!(fs::read_to_string(rig.state_path()).unwrap(), "another process' by now");
}

#[tokio::test]
#[ignore = "needs root, to mount a tmpfs"]
async fn a_full_disk_stops_no_write_and_understates_no_use() {
    let rig = Rig::new();
    let mount = Tmpfs::mount(rig.disk.path());
    let kek = rig.start(LocalKekSettings::default());
    write(&kek, Api::V2).await.unwrap();
    reserved_past(&rig, 0).await;
    // What is written at the start gives its old pages back.
    sleep(Duration::from_millis(300)).await;
    let ballast = mount.fill();
    assert!(fs::write(rig.disk.path().join("more"), [0]).is_err(), "the disk is full");
    for written in 2..=2 * BLOCK {
        write(&kek, Api::V2).await.unwrap();
        // It is removed rather than left with too little in it. What that frees may be enough to write it again, at
        // first perhaps with no KEK to go on with.
        let said = said_on_disk(&rig);
        assert!(said.is_none_or(|uses| uses >= written), "{written} uses, the file says {said:?}");
    }
    assert_eq!(rig.kms.generates(), 1);
    fs::remove_file(ballast).unwrap();
    reserved_past(&rig, 2 * BLOCK).await;
    until("a state file in order", || kek.statistics().state_file == StateFileHealth::Ok).await;
}
