//! A few seconds of every load against the real binary, with every delivery verified.

use std::path::Path;

#[test]
fn under_load_nothing_is_lost_repeated_or_out_of_order() {
    let report = chinwag_load::smoke(Path::new(env!("CARGO_BIN_EXE_chinwag"))).unwrap();
    assert!(report.is_clean(), "{report:#?}");
}
