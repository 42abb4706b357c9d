//! The settings that say where the bytes of files are.

use super::{Setting, Shape};

const FILES: &str = "Files";

pub(crate) const SHARED_FILES: Setting = Setting {
    key: "shared_files",
    flag: "shared-files",
    env: "CHINWAG_SHARED_FILES",
    placeholder: "DIR",
    default: "",
    group: FILES,
    shape: Shape::Path,
    help: "Keep the bytes of files in this folder, which all servers of the database share",
};

pub(crate) const S3_BUCKET: Setting = Setting {
    key: "s3_bucket",
    flag: "s3-bucket",
    env: "CHINWAG_S3_BUCKET",
    placeholder: "NAME",
    default: "",
    group: FILES,
    shape: Shape::Text,
    help: "Keep the bytes of files in this S3 bucket, not in the data folder",
};

pub(crate) const S3_ENDPOINT: Setting = Setting {
    key: "s3_endpoint",
    flag: "s3-endpoint",
    env: "CHINWAG_S3_ENDPOINT",
    placeholder: "URL",
    default: "",
    group: FILES,
    shape: Shape::Text,
    help: "The address of the bucket, if it is not at AWS: https://s3.example.com",
};

pub(crate) const S3_REGION: Setting = Setting {
    key: "s3_region",
    flag: "s3-region",
    env: "CHINWAG_S3_REGION",
    placeholder: "NAME",
    default: "",
    group: FILES,
    shape: Shape::Text,
    help: "The region of the bucket [default: AWS_REGION, or us-east-1]",
};

pub(crate) const S3_PATH_STYLE: Setting = Setting {
    key: "s3_path_style",
    flag: "s3-path-style",
    env: "CHINWAG_S3_PATH_STYLE",
    placeholder: "on|off",
    default: "off",
    group: FILES,
    shape: Shape::Flag,
    help: "Put the bucket into the path, as MinIO and others need it",
};

pub(crate) const S3_ACCESS_KEY: Setting = Setting {
    key: "s3_access_key",
    flag: "s3-access-key",
    env: "CHINWAG_S3_ACCESS_KEY",
    placeholder: "ID",
    default: "",
    group: FILES,
    shape: Shape::Text,
    help: "The access key's id [default: as for AWS' own tools]",
};

pub(crate) const S3_SECRET_KEY_FILE: Setting = Setting {
    key: "s3_secret_key_file",
    flag: "s3-secret-key-file",
    env: "CHINWAG_S3_SECRET_KEY_FILE",
    placeholder: "FILE",
    default: "",
    group: FILES,
    shape: Shape::Path,
    help: "File with the secret of that key",
};
