//! `wisepay`: one binary, several processes.

use clap::Parser;

/// Rendering makes and drops many small strings: beside the system's allocator this one holds half the memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
