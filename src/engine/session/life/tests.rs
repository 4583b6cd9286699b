use bollard::models::{ContainerState, EndpointSettings, NetworkSettings};

use super::*;
use crate::engine::state::tests::receipt;

fn connect(settings: &mut NetworkSettings, name: &str) {
    settings.networks.get_or_insert_default().insert(name.to_owned(), endpoint("measured"));
}

fn endpoint(id: &str) -> EndpointSettings {
    EndpointSettings { endpoint_id: Some(id.to_owned()), ..EndpointSettings::default() }
}

#[test]
fn only_the_life_that_was_measured_counts() {
    type Change = fn(&mut Receipt, &mut ContainerState, &mut NetworkSettings);
    let cases: [(Life, Change); 17] = [
        (Life::Runs, |_, _, _| {}),
        (Life::Paused, |_, state, _| state.paused = Some(true)),
        (Life::Cut, |_, _, settings| settings.networks = Some([].into())),
        (Life::Cut, |receipt, _, _| receipt.endpoint = Some("another".to_owned())),
        (Life::Cut, |receipt, _, _| receipt.endpoint = None),
        (Life::Cut, |_, _, settings| settings.networks = Some([("cloister-aa".to_owned(), endpoint(""))].into())),
        (Life::Cut, |receipt, _, settings| {
            receipt.endpoint = None;
            settings.networks = Some([("cloister-aa".to_owned(), EndpointSettings::default())].into());
        }),
        (Life::Exposed, |_, _, settings| connect(settings, "bridge")),
        (Life::Exposed, |_, _, settings| {
            settings.networks = Some([].into());
            connect(settings, "cloister-bb");
        }),
        (Life::Exposed, |_, state, settings| {
            state.paused = Some(true);
            connect(settings, "bridge");
        }),
        (Life::Gone, |_, state, _| state.running = Some(false)),
        (Life::Gone, |_, state, _| state.started_at = Some("later".to_owned())),
        (Life::Gone, |receipt, state, _| (receipt.started, state.started_at) = (None, None)),
        (Life::Gone, |receipt, _, _| receipt.started = None),
        (Life::Gone, |receipt, _, _| receipt.container = Some("another".to_owned())),
        (Life::Gone, |receipt, _, _| receipt.state = State::Starting),
        (Life::Gone, |receipt, state, _| (receipt.state, state.paused) = (State::Stopped, Some(true))),
    ];
    for (number, (expected, change)) in cases.into_iter().enumerate() {
        let (container, started) = (Some("id".to_owned()), Some("now".to_owned()));
        let measured = Some("measured".to_owned());
        let mut receipt = Receipt { state: State::Running, container, started, endpoint: measured, ..receipt("aa") };
        let started_at = receipt.started.clone();
        let mut state = ContainerState { running: Some(true), started_at, ..ContainerState::default() };
        let networks = Some([("cloister-aa".to_owned(), endpoint("measured"))].into());
        let mut settings = NetworkSettings { networks, ..NetworkSettings::default() };
        change(&mut receipt, &mut state, &mut settings);
        let (state, network_settings) = (Some(state), Some(settings));
        let id = Some("id".to_owned());
        let found = ContainerInspectResponse { id, state, network_settings, ..ContainerInspectResponse::default() };
        assert_eq!(of(&receipt, &found), expected, "{number}");
    }
}
