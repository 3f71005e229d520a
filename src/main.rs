//! The binary: arguments in, exit code out. All else is the library's.

use std::io::Write;
use std::process::ExitCode;

use laggard::app;
use laggard::cli::{self, Exit};
use laggard::source::kafka::leave;

/// In place of libc's for all of the process, librdkafka's C included, which allocates several times
/// for each row that it reads: a cycle is a third shorter (`cargo bench --bench poll`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err((text, exit)) => {
            // If this cannot be written there is nobody to tell.
            let _ = match exit {
                Exit::Ok => write!(std::io::stdout(), "{text}"),
                _ => write!(std::io::stderr(), "{text}"),
            };
            return exit.into();
        }
    };
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let exit = runtime.block_on(app::run(cli));
            // The runtime is not taken down: a client that is still closing must not be dropped
            // under its own thread.
            let _ = std::io::stdout().flush();
            leave(exit.code())
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: cannot start: {error}");
            Exit::Breach.into()
        }
    }
}
