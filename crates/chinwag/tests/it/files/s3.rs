//! The same, with the bytes in a bucket: `s3s-fs` serves S3 over HTTP, from its own folder.

use std::path::PathBuf;

use chinwag::{S3, Secret, Storage};
use hyper_util::rt::{TokioExecutor, TokioIo};
use image::ImageFormat;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::life::{count, falls_to};
use super::{bytes_of, fetch, form, noise, picture, post_form, upload, upload_in};
use crate::harness::{Device, TestServer};

const BUCKET: &str = "chinwag";

/// A server that speaks S3; it ends with the test.
struct Bucket {
    folder: TempDir,
    storage: Storage,
}

impl Bucket {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("key", "secret of the bucket"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    drop(server.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        let storage = Storage::S3(S3 {
            bucket: BUCKET.to_owned(),
            endpoint: Some(endpoint),
            region: Some("eu-central-1".to_owned()),
            keys: Some(("key".to_owned(), Secret::new("secret of the bucket").unwrap())),
            path_style: true,
        });
        Self { folder, storage }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }
}

#[tokio::test]
async fn files_are_kept_in_a_bucket_read_from_it_and_removed_from_it() {
    let bucket = Bucket::start().await;
    let storage = bucket.storage.clone();
    let server = TestServer::provisioning_with(move |config| config.storage = storage).await;
    let alice = server.person("alice").await;
    let room = alice.group("Files", &[]).await;
    // One that goes in one request, and one that needs parts.
    let (small, large) = (noise(100_000), noise(12 * 1024 * 1024 + 5));
    let (mut device, _) = Device::of(&alice, &json!({})).await;
    let in_socket = upload_in(&mut device, "large", &large).await;
    assert!(bytes_of(&alice, in_socket["url"].as_str().unwrap()).await == large);
    let in_form = upload(&alice, "small", &small).await;
    let url = in_form["url"].as_str().unwrap();
    assert!(bytes_of(&alice, url).await == small);
    let (status, _, part) = fetch(&alice, url, &[("range", "bytes=5000-5999")]).await;
    assert!(status == 206 && part == small[5000..6000]);
    let shot = upload(&alice, "a.png", &picture(600, 400, ImageFormat::Png)).await;
    let thumbnail = bytes_of(&alice, shot["thumbnail_url"].as_str().unwrap()).await;
    assert_eq!(image::load_from_memory(&thumbnail).unwrap().width(), 480);
    assert!(count(&bucket.path()) >= 5);
    let ids = [&in_socket["file_id"], &in_form["id"], &shot["id"]];
    let sent = alice.send(room, &json!({"attachments": ids})).await;
    assert_eq!(sent.status, 201, "{:?}", sent.body);
    assert_eq!(
        alice.delete(&format!("/conversations/{room}/messages/{}", sent.body["id"])).await.status,
        204
    );
    falls_to(&bucket.path(), 0).await;
    assert_eq!(count(&server.folder_path().join("files")), 0, "nothing is in the data folder");
}

#[tokio::test]
async fn without_its_bucket_an_upload_is_refused_and_can_be_repeated() {
    let bucket = Bucket::start().await;
    let storage = bucket.storage.clone();
    let server = TestServer::provisioning_with(move |config| config.storage = storage).await;
    let alice = server.person("alice").await;
    let hidden = bucket.folder.path().join("hidden");
    std::fs::rename(bucket.path(), &hidden).unwrap();
    std::fs::write(bucket.path(), "no folder").unwrap();
    let refused = post_form(&alice, form("a", &noise(1000))).await;
    assert_eq!(refused.status, 503, "{:?}", refused.body);
    std::fs::remove_file(bucket.path()).unwrap();
    std::fs::rename(&hidden, bucket.path()).unwrap();
    let file = upload(&alice, "a", &noise(1000)).await;
    assert!(bytes_of(&alice, file["url"].as_str().unwrap()).await == noise(1000));
}
