//! `manage runserver`.

use std::io::{Write as _, stdout};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use super::CommandError;
use super::output::visible;
use crate::application::{Application, place};
use crate::clock::Clock;
use crate::lab::address_is_loopback;
use crate::settings::Settings;

/// Django's default.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:8000";

/// What `DEBUG` means to those who are not this machine.
const REACHABLE: &str = "Others can reach this address and DEBUG is on: they see the causes of errors; \
                         the lab, which shows session keys, answers this machine alone.";

pub(crate) fn execute(settings: &Settings, settings_file: &Path, address: &str) -> Result<(), CommandError> {
    let address = resolve(address)?;
    actix_web::rt::System::new().block_on(async {
        let application = Application::build(settings, Clock::System, address)?;
        banner(settings, settings_file, application.address())?;
        Ok(application.run_until_stopped().await?)
    })
}

/// `8001`, `0:8001`, `0.0.0.0:8001`, `[::1]:8001` or `localhost:8001`.
fn resolve(text: &str) -> Result<SocketAddr, CommandError> {
    let no_address = || CommandError::Address(text.to_owned());
    let full = match text.strip_prefix("0:") {
        Some(port) => format!("0.0.0.0:{port}"),
        None if text.contains(':') => text.to_owned(),
        None => format!("127.0.0.1:{text}"),
    };
    full.to_socket_addrs().map_err(|_| no_address())?.next().ok_or_else(no_address)
}

fn banner(settings: &Settings, settings_file: &Path, address: SocketAddr) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{}", Clock::System.now().format("%B %d, %Y - %H:%M:%S UTC"))?;
    writeln!(
        out,
        "sessionid version {}, using settings '{}'",
        env!("CARGO_PKG_VERSION"),
        visible(&settings_file.display().to_string())
    )?;
    writeln!(
        out,
        "Sessions in {}, SESSION_COOKIE_AGE {} s",
        visible(&place(settings)),
        settings.session.cookie_age
    )?;
    writeln!(out, "Starting development server at http://{address}/")?;
    if settings.debug && !address_is_loopback(address.ip()) {
        writeln!(out, "{REACHABLE}")?;
    }
    writeln!(out, "Quit the server with CONTROL-C.")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_django_reads_them() {
        for (text, address) in [
            ("8001", "127.0.0.1:8001"),
            ("0:80", "0.0.0.0:80"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("[::1]:5", "[::1]:5"),
        ] {
            assert_eq!(resolve(text).expect("an address").to_string(), address);
        }
        for text in ["", "port", "70000", "127.0.0.1", "127.0.0.1:x", ":"] {
            assert!(resolve(text).is_err(), "{text:?}");
        }
    }
}
