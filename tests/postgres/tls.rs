//! What is said to the database, nobody else can read, if the URL asks for it.

use crate::client::Visitor;
use crate::server::{Server, runserver};
use crate::{database, manage, serve_with};

/// The URL's parameters for a server whose certificate is, or is signed by, the one in this file.
fn verified_by(url: &str, certificate: &str) -> String {
    format!("{url}?sslmode=verify-full&sslrootcert={certificate}")
}

#[test]
fn a_verified_server_is_spoken_to_through_tls() {
    let database = database();
    let certificate = std::env::var("TEST_POSTGRES_CERTIFICATE").unwrap();
    let server = serve_with(&database, &[("DATABASE_URL", &verified_by(&database.url(), &certificate))]);
    Visitor::after_visits(&server, 2);
    let all = "application_name = 'sessionid'";
    assert!(database.activity(all) > 0);
    let with_tls = "pid IN (SELECT pid FROM pg_stat_ssl WHERE ssl AND version = 'TLSv1.3')";
    assert_eq!(database.activity(&format!("{all} AND {with_tls}")), database.activity(all));
}

#[test]
fn a_program_that_ends_does_not_end_in_the_middle_of_opening_a_connection() {
    let database = database();
    assert!(manage(&database, &["migrate"]).output().unwrap().status.success());
    for command in ["show", "delete"].repeat(30) {
        let output = manage(&database, &["sessions", command, "nobodys-key"]).output().unwrap();
        // A signal would leave no code: OpenSSL does not outlive the end of `main`.
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
}

#[test]
fn a_server_with_another_certificate_is_refused() {
    let database = database();
    let folder = tempfile::tempdir().unwrap();
    let another = folder.path().join("another.crt");
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=127.0.0.1",
            "-keyout",
            "/dev/null",
        ])
        .arg("-out")
        .arg(&another)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut command = runserver(std::path::Path::new("none"));
    command.env("DATABASE_URL", verified_by(&database.url(), another.to_str().unwrap()));
    let Err(ended) = Server::launch(command) else { panic!("it serves") };
    assert!(format!("{ended:?}").contains("certificate verify failed"), "{ended:?}");
}
