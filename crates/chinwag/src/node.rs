//! What a server tells the others of its database: its name, the id of its data folder, and where its files are.

use std::path::Path;

use crate::blobs::Blobs;
use crate::config::Config;
use crate::node_name::NodeName;
use crate::secrets::{self, Unusable};
use crate::store::{FilesPlace, Node, random_token};

/// The file with the id of a data folder.
const FOLDER_ID: &str = "node.id";

/// What this server tells the others. Blocks.
pub(crate) fn this_one(config: &Config, blobs: &Blobs) -> Result<Node, Unusable> {
    let name = config.node.clone().unwrap_or_else(NodeName::of_this_host);
    let place = blobs.place().map_or(FilesPlace::Own, |place| FilesPlace::Shared(place.to_owned()));
    Ok(Node { name: name.to_string(), folder: folder_id(&config.data_dir)?, place, started_at: 0 })
}

/// The id of a data folder, made at the first start.
fn folder_id(folder: &Path) -> Result<String, Unusable> {
    let path = folder.join(FOLDER_ID);
    let bytes = secrets::own_file(&path, || Ok(random_token().into_bytes()))?;
    String::from_utf8(bytes).map_err(|error| Unusable { path, reason: error.to_string() })
}
