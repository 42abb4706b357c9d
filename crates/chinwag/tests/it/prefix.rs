//! Below a path: of a proxy that strips it or does not, and of a host; and unknown paths.

use serde_json::json;

use crate::harness::{Person, TestServer, reply};

const PAGES: [&str; 7] = ["/", "/c/1", "/c/1/", "/setup", "/static/chat.html", "/embed", "/embed/count"];

async fn at(url: &str) -> TestServer {
    TestServer::provisioning_with(|config| config.public_url = Some(url.parse().unwrap())).await
}

/// Where a browser that shows `page` looks for the files of it.
async fn files_of(server: &TestServer, page: &str, seen_as: &str) -> Vec<String> {
    let shown = server.get(page).await;
    assert_eq!(shown.status, 200, "{page}");
    let seen_as = url::Url::parse(&format!("https://www.example.com{seen_as}")).unwrap();
    let html = shown.body.as_str().unwrap().to_owned();
    let targets = html.split([' ', '>']).filter_map(|attribute| {
        attribute.strip_prefix("href=\"").or_else(|| attribute.strip_prefix("src=\""))?.strip_suffix('"')
    });
    let files: Vec<_> = targets.map(|target| seen_as.join(target).unwrap().path().to_owned()).collect();
    assert!(!files.is_empty(), "{html}");
    files
}

#[tokio::test]
async fn a_page_finds_its_files_below_the_public_path_whether_it_is_stripped_or_not() {
    let server = at("https://www.example.com/talk/chat").await;
    for page in PAGES {
        for asked in [page.to_owned(), format!("/talk/chat{page}")] {
            for file in files_of(&server, &asked, &format!("/talk/chat{page}")).await {
                let inner = file.strip_prefix("/talk/chat").unwrap_or_else(|| panic!("{page}: {file}"));
                assert_eq!(server.get(&file).await.status, 200, "{file}");
                assert_eq!(server.get(inner).await.status, 200, "{inner}");
            }
        }
    }
    for path in ["/talk/chat", "/talk/chat/healthz", "/talk/chat/docs", "/talk/chat/openapi.json"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    for path in ["/talk", "/talk/chatter", "/talk/chat/nothing"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn without_a_public_address_a_page_finds_its_files_by_its_own_place() {
    let server = TestServer::provisioning().await;
    for page in PAGES {
        for prefix in ["", "/somewhere", "/some/where"] {
            for file in files_of(&server, page, &format!("{prefix}{page}")).await {
                let inner = file.strip_prefix(prefix).unwrap_or_else(|| panic!("{page}: {file}"));
                assert_eq!(server.get(inner).await.status, 200, "{inner}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_that_moved_is_not_the_one_that_a_browser_kept() {
    let (plain, below) = (TestServer::provisioning().await, at("https://www.example.com/chat").await);
    let kept = plain.get("/").await.header("etag").to_owned();
    let asked = reply(below.http.get(below.url("/")).header("if-none-match", &kept)).await;
    assert_eq!(asked.status, 200);
    let asked = reply(plain.http.get(plain.url("/")).header("if-none-match", &kept)).await;
    assert_eq!(asked.status, 304);
}

async fn pages_of_history(server: &TestServer, anna: &Person, path: &str) -> String {
    let page = reply(server.http.get(server.url(path)).bearer_auth(&anna.token)).await;
    assert_eq!(page.status, 200, "{:?}", page.body);
    page.header("link").to_owned()
}

#[tokio::test]
async fn links_and_origins_are_those_of_the_public_address() {
    let server = at("https://www.example.com/chat").await;
    let anna = server.person("anna").await;
    let id = anna.group("Place", &[]).await;
    for text in ["one", "two", "three"] {
        anna.say(id, text).await;
    }
    for prefix in ["", "/chat"] {
        let path = format!("{prefix}/conversations/{id}/messages?limit=2");
        let link = pages_of_history(&server, &anna, &path).await;
        assert!(link.starts_with(&format!("</chat/conversations/{id}/messages?before=")), "{link}");
    }
    let send = async |origin: &str| {
        let path = format!("/conversations/{id}/messages");
        let body = json!({"content": "from the page"});
        reply(anna.request("POST", &path).header("origin", origin).json(&body)).await
    };
    assert_eq!(send("https://www.example.com").await.status, 201);
    let refused = send("https://other.example.com").await;
    assert_eq!(refused.status, 403);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains(&server.address.to_string()), "{detail}");
    assert!(detail.contains("proxy_set_header Host $host"), "{detail}");
}

#[tokio::test]
async fn a_public_path_is_none_of_the_servers_own() {
    for (url, is_good) in [
        ("https://www.example.com/files", false),
        ("https://www.example.com/docs/chat", false),
        ("https://www.example.com/ws", false),
        ("https://www.example.com/chat", true),
        ("https://www.example.com", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = chinwag::Config {
            data_dir: folder.path().join("data"),
            public_url: Some(url.parse().unwrap()),
            ..chinwag::Config::default()
        };
        let built = chinwag::Server::builder(config).build().await;
        assert_eq!(built.is_ok(), is_good, "{url}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_for_people_and_json_for_programs() {
    let server = TestServer::demo().await;
    let get =
        |path: &str, accept: &'static str| reply(server.http.get(server.url(path)).header("accept", accept));
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in ["/nope", "/admin", "/a/b/c"] {
        let page = get(path, browser).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        let html = page.body.as_str().unwrap().to_owned();
        let place = url::Url::parse(&server.url(path)).unwrap();
        for target in html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let target = place.join(target).unwrap();
            assert_eq!(server.get(target.path()).await.status, 200, "{path}: {target}");
        }
        for accept in ["*/*", "application/json"] {
            let answer = get(path, accept).await;
            assert_eq!(
                (answer.status, answer.body),
                (404, json!({"detail": "Not Found", "code": "not_found"})),
                "{path}"
            );
        }
    }
    let posted = reply(server.http.post(server.url("/nope")).header("accept", browser)).await;
    assert_eq!((posted.status, posted.body), (404, json!({"detail": "Not Found", "code": "not_found"})));
}
