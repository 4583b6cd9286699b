use super::serve;

/// Bytes of what is kept for a connection while its tunnel is idle. With what sockets and events need beside it, less than
/// 4 KiB: `scripts/bench` measures that.
const LIMIT: usize = 2048;

fn size<A, B, F>(_: impl FnOnce(A, B) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn an_idle_tunnel_keeps_no_more_than_it_waits_for() {
    assert!(size(serve) <= LIMIT, "{} bytes", size(serve));
}
