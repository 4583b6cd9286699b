use bollard::models::ProgressDetail;

use super::*;

#[test]
fn layers_are_summed_as_they_come() {
    let mut layers = Layers::default();
    let steps = [
        (None, "Pulling from web", None, (0, 0)),
        (Some("a"), "Pulling fs layer", None, (0, 0)),
        (Some("a"), "Downloading", Some((10, 100)), (10, 100)),
        (Some("b"), "Downloading", Some((5, 50)), (15, 150)),
        (Some("a"), "Downloading", Some((90, 100)), (95, 150)),
        (Some("a"), "Download complete", None, (105, 150)),
        (Some("c"), "Already exists", None, (105, 150)),
        (Some("a"), "Extracting", Some((1, 100)), (105, 150)),
        (Some("b"), "Downloading", Some((70, -1)), (170, 170)),
    ];
    for (id, status, detail, expected) in steps {
        layers.hear(CreateImageInfo {
            id: id.map(str::to_owned),
            status: Some(status.to_owned()),
            progress_detail: detail
                .map(|(current, total)| ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        });
        assert_eq!(layers.sum(), expected, "{id:?} {status} {detail:?}");
    }
}
