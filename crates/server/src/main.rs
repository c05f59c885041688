//! Only calls the library.

fn main() -> std::process::ExitCode {
    ithaca::cli::run(std::env::args_os())
}
