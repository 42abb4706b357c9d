//! Flags, environment, file and defaults.

use crate::support::{Done, Sandbox, finish, text};

/// The line of `config show` for a key.
fn shown(done: &Done, key: &str) -> String {
    assert_eq!(done.code, 0, "{}", done.stderr);
    let line = done.stdout.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn flag_goes_before_environment_before_file_before_default() {
    let sandbox = Sandbox::new();
    let show = |arguments: &[&str], environment: Option<&str>| {
        let mut command = sandbox.command(&[&["config", "show"], arguments].concat());
        if let Some(value) = environment {
            command.env("CHINWAG_TOKEN_MINUTES", value);
        }
        shown(&finish(command), "token_minutes")
    };
    assert_eq!(show(&[], None), "token_minutes 3000 default");
    sandbox.write("chinwag.toml", "# minutes\ntoken_minutes = 1\n");
    assert_eq!(show(&[], None), "token_minutes 1 chinwag.toml:2");
    assert_eq!(show(&[], Some("2")), "token_minutes 2 env CHINWAG_TOKEN_MINUTES");
    assert_eq!(show(&["--token-minutes", "3"], Some("2")), "token_minutes 3 flag --token-minutes");
    assert_eq!(show(&[], Some("")), "token_minutes 1 chinwag.toml:2", "an empty variable is unset");
}

#[test]
fn the_columns_of_show_stand_below_each_other() {
    let sandbox = Sandbox::new();
    let origins: Vec<String> = (0..9).map(|number| format!("https://shop{number}.example.com")).collect();
    let done = sandbox.run(&["config", "show", "--allowed-origin", &origins.join(",")]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let columns: Vec<(usize, Option<usize>)> = done
        .stdout
        .lines()
        .map(|line| {
            let key = line.find(' ').unwrap();
            let value = key + line[key..].find(|character| character != ' ').unwrap();
            (value, line.strip_suffix("default").map(str::len))
        })
        .collect();
    let of_defaults: Vec<usize> = columns.iter().filter_map(|(_, origin)| *origin).collect();
    assert!(columns.iter().all(|(value, _)| *value == columns[0].0), "{}", done.stdout);
    assert!(of_defaults.iter().all(|origin| *origin == of_defaults[0] && *origin < 100), "{}", done.stdout);
}

#[test]
fn help_is_a_command_too() {
    let sandbox = Sandbox::new();
    for command in ["config", "tail", "serve"] {
        let done = sandbox.run(&["help", command]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert!(done.stdout.contains(&format!("chinwag {command}")), "{}", done.stdout);
    }
}

#[test]
fn a_flag_can_switch_off_what_the_file_switches_on() {
    let sandbox = Sandbox::new();
    sandbox.write("chinwag.toml", "behind_proxy = true\nallowed_origins = [\"https://a.example\"]\n");
    assert_eq!(shown(&sandbox.run(&["config", "show"]), "behind_proxy"), "behind_proxy on chinwag.toml:1");
    let done = sandbox.run(&["config", "show", "--behind-proxy=off"]);
    assert_eq!(shown(&done, "behind_proxy"), "behind_proxy off flag --behind-proxy");
    let mut command = sandbox.command(&["config", "show"]);
    command.env("CHINWAG_ALLOWED_ORIGIN", "https://b.example,https://c.example");
    let expected = "allowed_origins https://b.example, https://c.example env CHINWAG_ALLOWED_ORIGIN";
    assert_eq!(shown(&finish(command), "allowed_origins"), expected);
}

#[test]
fn the_file_is_searched_in_order() {
    let sandbox = Sandbox::new();
    let user = sandbox.write("xdg/chinwag/chinwag.toml", "limits = \"off\"\n");
    let done = sandbox.run(&["config", "show"]);
    assert_eq!(shown(&done, "limits"), format!("limits off {}:1", text(&user)));
    sandbox.write("chinwag.toml", "\nlimits = true\n");
    assert_eq!(shown(&sandbox.run(&["config", "show"]), "limits"), "limits on chinwag.toml:2");
    sandbox.write("named.toml", "\n\nlimits = false\n");
    let done = sandbox.run(&["config", "show", "--config", "named.toml"]);
    assert_eq!(shown(&done, "limits"), "limits off named.toml:3");
    let done = sandbox.run(&["config", "check", "--config", "missing.toml"]);
    assert_eq!(done.code, 78);
    assert!(done.stderr.starts_with("error: can't read missing.toml"), "{}", done.stderr);
}

#[test]
fn an_unknown_key_is_an_error_with_file_line_and_nearest_key() {
    let sandbox = Sandbox::new();
    sandbox.write("chinwag.toml", "limits = true\n\nlisen = \"127.0.0.1:0\"\n");
    let expected = concat!(
        "error: unknown key `lisen` in chinwag.toml:3\n",
        "   3 | lisen = \"127.0.0.1:0\"\n",
        "     | ^^^^^ did you mean `listen`?\n",
        "help:  `chinwag config show` lists the keys, `chinwag config check` checks the file",
    );
    for arguments in [["config", "check"], ["config", "show"], ["serve", "--limits=on"], ["user", "list"]] {
        let done = sandbox.run(&arguments);
        assert_eq!((done.code, done.stderr.as_str()), (78, expected), "{arguments:?}");
    }
}

#[test]
fn check_accepts_a_good_file_and_names_the_bad_value() {
    let sandbox = Sandbox::new();
    sandbox.write("secret", "a shared secret of more than 32 bytes\n");
    sandbox.write("chinwag.toml", "jwt_secret_file = \"secret\"\nauth.provision = true\n");
    let done = sandbox.run(&["config", "check"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "ok: chinwag.toml"), "{}", done.stderr);
    for (file, expected) in [
        (
            "provision_users = true\n",
            "error: `provision_users` in chinwag.toml:1: users can be provisioned only",
        ),
        (
            "jwt_audience = \"chat\"\n",
            "error: `jwt_audience` in chinwag.toml:1: this concerns tokens of an application",
        ),
        ("\njwt_secret_file = \"none\"\n", "error: `jwt_secret_file` in chinwag.toml:2: can't read none"),
        ("limits = \"maybe\"\n", "error: `limits` in chinwag.toml:1: \"maybe\" is neither on nor off"),
        ("listen = \"8000\"\n", "error: `listen` in chinwag.toml:1: \"8000\" has no port"),
        ("tls_cert = \"a\"\n", "error: `tls_cert` in chinwag.toml:1: a certificate needs its key"),
        ("log = \"lots\"\n", "error: `log` in chinwag.toml:1: \"lots\" is neither a level"),
        ("allowed_origins = [\"*\"]\n", "error: `allowed_origins` in chinwag.toml:1"),
        (
            "s3_endpoint = \"https://s3.example\"\n",
            "error: `s3_endpoint` in chinwag.toml:1: no bucket is named",
        ),
        (
            "s3_endpoint = \"s3.example\"\n",
            "error: `s3_endpoint` in chinwag.toml:1: \"s3.example\" is not an address",
        ),
        (
            "s3_access_key = \"x\"\n",
            "error: `s3_access_key` in chinwag.toml:1: an access key needs its secret",
        ),
        ("heartbeat_ms = 1\n", "error: `heartbeat_ms` in chinwag.toml:1: 1 is not between"),
    ] {
        sandbox.write("chinwag.toml", file);
        let done = sandbox.run(&["config", "check"]);
        assert_eq!(done.code, 78, "{file}");
        assert!(done.stderr.starts_with(expected), "{}", done.stderr);
    }
}

#[test]
fn a_wrong_flag_is_a_usage_error() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["serve", "--token-minutes", "0"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.starts_with("error: --token-minutes: 0 is not between 1 and"), "{}", done.stderr);
    assert_eq!(sandbox.run(&["serve", "--lisen", "x"]).code, 2);
    assert_eq!(sandbox.run(&["dance"]).code, 2);
    assert!(!sandbox.path("chinwag-data").exists(), "nothing is made before the options are right");
}

#[test]
fn help_version_and_completions_go_to_stdout() {
    let sandbox = Sandbox::new();
    for (arguments, expected) in [
        (vec!["--help"], "chinwag demo"),
        (vec!["serve", "--help"], "[env: CHINWAG_LISTEN] [default: 127.0.0.1:8000]"),
        (vec!["demo", "--help"], "[default: ./chinwag-demo]"),
        (vec!["--version"], env!("CARGO_PKG_VERSION")),
        (vec!["version"], env!("CARGO_PKG_VERSION")),
        (vec!["completions", "bash"], "--jwt-secret-file"),
    ] {
        let done = sandbox.run(&arguments);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(done.stdout.contains(expected), "{arguments:?}: {}", done.stdout);
    }
}
