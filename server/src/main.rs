//! `wisepay`: one binary, several processes.

use clap::Parser;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    // Before the first TLS client, which would panic without a provider (stack: reqwest without its own).
    let _ = rustls::crypto::ring::default_provider().install_default();
    match server::cli::Cli::parse().run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("wisepay: {cause:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
